// Watches one counter through every loss of its connection, and prints each value as it comes.
//
//   node reconnect.js '{"url": "opc.tcp://127.0.0.1:4840", "node": "ns=2;s=stack/Status/Tick"}'
//
// Lines out: {"value": n} for each notification | {"connections": n} after each reconnection. It ends with its input.
"use strict";

console.log = console.error; // the library talks on the standard output, which belongs to the answers

const {
  AttributeIds,
  ClientMonitoredItem,
  ClientSubscription,
  OPCUAClient,
  TimestampsToReturn,
} = require("node-opcua-client");

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function main({ url, node }) {
  const client = OPCUAClient.create({
    endpointMustExist: false,
    keepSessionAlive: false,
    connectionStrategy: { maxRetry: -1, initialDelay: 5, maxDelay: 50, randomisationFactor: 0 },
  });
  Object.getPrototypeOf(client.constructor).retryDelay = 10; // it would wait for a second before it comes back
  let connections = 0;
  client.on("connection_reestablished", () => say({ connections: (connections += 1) }));
  await client.connect(url);
  const session = await client.createSession();
  let recreated = 0;
  const subscription = ClientSubscription.create(session, {
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 6000,
    requestedMaxKeepAliveCount: 20,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  subscription.on("started", () => (recreated += 1) > 1 && say({ recreated }));
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: node, attributeId: AttributeIds.Value },
    { samplingInterval: 0, discardOldest: true, queueSize: 100 },
    TimestampsToReturn.Both,
  );
  item.on("changed", (data) =>
    say({ value: data.value.value[1], overflow: (data.statusCode.value & 0x480) === 0x480 }),
  );
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
