// node-opcua's own alarm client: keeps the list of alarms that operators look at, and answers one of them.
//
//   node alarm_client.js '{"url": "opc.tcp://...", "user": "alice", "password": "...", "condition": "ns=2;s=...", "alarms": 2}'
//
// Prints {"listed": [...]} when the refresh has brought as many alarms as that, and {"raised": ...} when the condition is active; then it comments,
// acknowledges and confirms, shelves and unshelves, and prints what became of all that.
"use strict";

console.log = console.error; // the library talks on the standard output, which belongs to the answers

const {
  DataType,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  UserTokenType,
  Variant,
  coerceNodeId,
  installAlarmMonitoring,
  uninstallAlarmMonitoring,
} = require("node-opcua-client");

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

function plain(alarm) {
  const field = (name) => (alarm.fields[name] ? alarm.fields[name].value : null);
  const state = (name) => (alarm.fields[name] && alarm.fields[name].id ? alarm.fields[name].id.value : null);
  return {
    condition: alarm.conditionId.toString(),
    type: alarm.eventType.toString(),
    name: field("conditionName"),
    source: field("sourceName"),
    message: field("message") && field("message").text,
    severity: field("severity"),
    retain: alarm.getRetain(),
    active: state("activeState"),
    acknowledged: state("ackedState"),
    confirmed: state("confirmedState"),
    comment: field("comment") && field("comment").text,
    user: field("clientUserId"),
  };
}

async function until(alarms, condition, fits) {
  for (;;) {
    const alarm = alarms.alarms().find((one) => one.conditionId.toString() === condition && fits(plain(one)));
    if (alarm) return alarm;
    await pause();
  }
}

async function main(request) {
  const client = OPCUAClient.create({
    certificateFile: request.certificate,
    privateKeyFile: request.key,
    applicationUri: request.uri,
    endpointMustExist: false,
    securityMode: MessageSecurityMode.SignAndEncrypt,
    securityPolicy: SecurityPolicy.Basic256Sha256,
    connectionStrategy: { maxRetry: 0 },
    keepSessionAlive: false,
  });
  await client.connect(request.url);
  const session = await client.createSession({
    type: UserTokenType.UserName, userName: request.user, password: request.password,
  });
  const alarms = await installAlarmMonitoring(session);
  while (alarms.alarms().length < request.alarms) await pause();
  say({ listed: alarms.alarms().map(plain) });
  const { condition } = request;
  const answers = {};
  const name = (status) => status.name || String(status);
  let alarm = await until(alarms, condition, (one) => one.active === true);
  say({ raised: plain(alarm) });
  answers.comment = name(await session.addCommentCondition(condition, alarm.eventId, "looking at it"));
  alarm = await until(alarms, condition, (one) => one.comment === "looking at it");
  answers.acknowledge = name(await session.acknowledgeCondition(condition, alarm.eventId, "seen"));
  alarm = await until(alarms, condition, (one) => one.acknowledged === true);
  answers.acknowledged = plain(alarm);
  answers.confirm = name(await session.confirmCondition(condition, alarm.eventId, "done"));
  alarm = await until(alarms, condition, (one) => one.confirmed === true);
  answers.confirmed = plain(alarm);
  answers.again = name(await session.acknowledgeCondition(condition, alarm.eventId, "again"));
  const shelf = `${condition}/ShelvingState`;
  for (const [method, inputs] of [["TimedShelve", [60000]], ["Unshelve", []]]) {
    const methodId = await session.findMethodId(shelf, method);
    const result = await session.call({
      objectId: coerceNodeId(shelf),
      methodId,
      inputArguments: inputs.map((value) => new Variant({ dataType: DataType.Double, value })),
    });
    answers[method] = result.statusCode.name;
  }
  say({ answers });
  await uninstallAlarmMonitoring(session);
  await session.close();
  await client.disconnect();
}

main(JSON.parse(process.argv[2])).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
