// A foreign OPC UA client: does what its JSON argument asks and prints one line of JSON.
//
//   node opcua_client.js '{"url": "opc.tcp://127.0.0.1:4840", "do": "browse", "root": "i=85"}'
//
// do: browse (from root) | read (the "range") | subscribe | write | login | method | call; subscribe prints
// {"ready": true} first.
// With "user" and "password" it comes over Basic256Sha256, signed and encrypted; with "secure" alone anonymously so;
// "policy" and "mode" choose others. "certificate", "key" and "uri" say who the client is, "user_certificate" and
// "user_key", both PEM, who its user is.
"use strict";

console.log = console.error; // the library talks on the standard output, which belongs to the answers

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");

const {
  AttributeIds,
  ClientMonitoredItemGroup,
  DataType,
  MessageSecurityMode,
  NodeClass,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
  UserTokenType,
  Variant,
  resolveNodeId,
} = require("node-opcua-client");

// A long array as its length and what every byte of it has a part in.
function numbers(array) {
  if (array.length <= 1000) return Array.from(array);
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return { length: array.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Float64Array) return numbers(value);
  // Int64 comes as [high, low]
  if (Array.isArray(value) && value.length === 2) return value[0] * 2 ** 32 + (value[1] >>> 0);
  if (typeof value === "object") return JSON.parse(JSON.stringify(value));
  return value;
}

// node-opcua keeps the part below a millisecond beside the Date, in picoseconds.
function microseconds(date, picoseconds) {
  if (!date) return null;
  return date.getTime() * 1000 + Math.round((picoseconds || 0) / 1e6);
}

function dataValue(dv) {
  return {
    value: dv.value ? plain(dv.value.value) : null,
    type: dv.value ? DataType[dv.value.dataType] : null,
    status: dv.statusCode.name,
    code: dv.statusCode.value,
    source_us: microseconds(dv.sourceTimestamp, dv.sourcePicoseconds),
    server_us: microseconds(dv.serverTimestamp, dv.serverPicoseconds),
  };
}

async function tree(session, nodeId) {
  const result = await session.browse({
    nodeId,
    referenceTypeId: "HierarchicalReferences",
    includeSubtypes: true,
    browseDirection: 0,
    nodeClassMask: 0,
    resultMask: 63,
  });
  const children = [];
  for (const reference of result.references) {
    children.push({
      name: reference.browseName.toString(),
      id: reference.nodeId.toString(),
      class: NodeClass[reference.nodeClass],
      type: reference.typeDefinition.toString(),
      children: await tree(session, reference.nodeId),
    });
  }
  return children;
}

const ATTRIBUTES = [
  "DisplayName",
  "Description",
  "DataType",
  "ValueRank",
  "AccessLevel",
  "UserAccessLevel",
  "MinimumSamplingInterval",
  "Historizing",
];

async function read(session, ids, indexRange) {
  const answer = {};
  for (const nodeId of ids) {
    const values = await session.read(ATTRIBUTES.map((name) => ({ nodeId, attributeId: AttributeIds[name] })));
    const entry = dataValue(await session.read({ nodeId, attributeId: AttributeIds.Value, indexRange }));
    ATTRIBUTES.forEach((name, index) => {
      const { value } = values[index].value;
      entry[name] = name.endsWith("Name") || name === "Description" ? value.text : plain(value);
      if (name === "DataType" && value) entry[name] = value.toString();
    });
    answer[nodeId] = entry;
  }
  return answer;
}

async function subscribe(session, request) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: request.interval || 100,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  const notifications = [];
  const messages = [];
  let enough;
  const done = new Promise((resolve) => (enough = resolve));
  subscription.on("raw_notification", (message) => {
    for (const part of message.notificationData || []) {
      const items = part.monitoredItems || [];
      messages.push(items.map((item) => microseconds(item.value.sourceTimestamp, item.value.sourcePicoseconds)));
    }
  });
  const group = ClientMonitoredItemGroup.create(
    subscription,
    request.ids.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
    { samplingInterval: 0, discardOldest: true, queueSize: request.queue || 100 },
    TimestampsToReturn.Both,
  );
  let ready = false;
  group.on("changed", (item, dv, index) => {
    notifications.push({ id: request.ids[index], ...dataValue(dv) });
    if (!ready && notifications.length >= request.ids.length) {
      ready = true;
      process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
    }
    if (notifications.length >= request.count) enough();
  });
  group.on("err", (message) => {
    throw new Error(message);
  });
  await done;
  await subscription.terminate();
  return { notifications, messages }; // messages: SourceTimestamps of each publish response
}

async function write(session, ids) {
  const answer = {};
  for (const nodeId of ids) {
    const status = await session.write({
      nodeId,
      attributeId: AttributeIds.Value,
      value: { value: new Variant({ dataType: DataType.Double, value: 1.5 }) },
    });
    answer[nodeId] = status.name;
  }
  return answer;
}

// What a method takes and gives, and whether this user may call it.
async function method(session, nodeId) {
  const definition = await session.getArgumentDefinition(nodeId);
  const [executable, userExecutable] = await session.read(
    ["Executable", "UserExecutable"].map((name) => ({ nodeId, attributeId: AttributeIds[name] })),
  );
  const described = (argument) => ({
    name: argument.name,
    type: DataType[argument.dataType.value],
    rank: argument.valueRank,
    description: argument.description.text,
  });
  return {
    inputs: definition.inputArguments.map(described),
    outputs: definition.outputArguments.map(described),
    executable: executable.value.value,
    userExecutable: userExecutable.value.value,
  };
}

// One call after the other, each with its list of [type, value].
async function call(session, request) {
  const answers = [];
  for (const given of request.calls) {
    const result = await session.call({
      objectId: request.object,
      methodId: request.method,
      inputArguments: given.map(([type, value]) => new Variant({ dataType: DataType[type], value })),
    });
    answers.push({
      status: result.statusCode.name,
      arguments: (result.inputArgumentResults || []).map((status) => status.name),
      outputs: (result.outputArguments || []).map((output) => plain(output.value)),
    });
  }
  return answers;
}

function userIdentity(request) {
  if (request.user_certificate !== undefined) {
    const pem = readFileSync(request.user_certificate, "ascii");
    return {
      type: UserTokenType.Certificate,
      certificateData: Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64"),
      privateKey: readFileSync(request.user_key, "ascii"),
    };
  }
  if (request.user === undefined) return undefined;
  return { type: UserTokenType.UserName, userName: request.user, password: request.password };
}

async function main(request) {
  const secure = request.secure || request.user !== undefined || request.user_certificate !== undefined;
  const { policy = "Basic256Sha256", mode = "SignAndEncrypt" } = request;
  const identity = request.certificate
    ? { certificateFile: request.certificate, privateKeyFile: request.key, applicationUri: request.uri }
    : {};
  const client = OPCUAClient.create({
    ...identity,
    endpointMustExist: false,
    securityMode: secure ? MessageSecurityMode[mode] : MessageSecurityMode.None,
    securityPolicy: secure ? SecurityPolicy[policy] : SecurityPolicy.None,
    connectionStrategy: { maxRetry: 0 },
    keepSessionAlive: false,
  });
  await client.connect(request.url);
  try {
    if (request.do === "login") {
      const endpoints = await client.getEndpoints();
      const offered = endpoints.flatMap((e) => e.userIdentityTokens.map((t) => UserTokenType[t.tokenType]));
      const modes = endpoints.map((e) => [MessageSecurityMode[e.securityMode], e.securityPolicyUri, e.endpointUrl]);
      try {
        const { user = "admin", password = "x" } = request;
        const session = await client.createSession({ type: UserTokenType.UserName, userName: user, password });
        await session.close();
        return { accepted: true, offered, modes };
      } catch (error) {
        return { accepted: false, error: error.message, offered, modes };
      }
    }
    const session = await client.createSession(userIdentity(request));
    try {
      if (request.do === "browse") return await tree(session, resolveNodeId(request.root));
      if (request.do === "read") return await read(session, request.ids, request.range);
      if (request.do === "subscribe") return await subscribe(session, request);
      if (request.do === "write") return await write(session, request.ids);
      if (request.do === "method") return await method(session, request.method);
      if (request.do === "call") return await call(session, request);
      throw new Error(`unknown request ${request.do}`);
    } finally {
      await session.close();
    }
  } finally {
    await client.disconnect();
  }
}

main(JSON.parse(process.argv[2])).then(
  (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
