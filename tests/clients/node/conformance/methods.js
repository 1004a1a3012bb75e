// Call: of the Server object and of actions (OPC 10000-4 section 5.12, OPC 10000-5 section 9).
"use strict";

const { Subscriber, assert, check } = require("./harness");
const { DataType, Variant, VariantArrayType, resolveNodeId } = require("node-opcua-client");

const SERVER = "i=2253";
const GET_MONITORED_ITEMS = "i=11492";
const RESEND_DATA = "i=12873";
const UNKNOWN = new Variant({ dataType: DataType.UInt32, value: 4000000000 });

const uint32 = (value) => new Variant({ dataType: DataType.UInt32, value });
const results = (answer) => (answer.inputArgumentResults || []).map((one) => one.name);

check("GetMonitoredItems lists the items of a subscription", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const items = [];
  for (const path of ["I1/Value", "I2/Value", "I1/Name"])
    items.push(await subscriber.item(bench.node(path), { clientHandle: 70 + items.length }));
  const answer = await session.call(SERVER, GET_MONITORED_ITEMS, [uint32(subscriber.id)]);
  assert.equal(answer.statusCode.name, "Good");
  const [servers, clients] = answer.outputArguments.map((one) => [...one.value]);
  const pairs = servers.map((id, n) => [id, clients[n]]).sort();
  assert.deepEqual(pairs, items.map((one, n) => [one.id, 70 + n]).sort());
});

check("GetMonitoredItems of an empty subscription is empty", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const answer = await session.call(SERVER, GET_MONITORED_ITEMS, [uint32(subscriber.id)]);
  assert.equal(answer.statusCode.name, "Good");
  for (const list of answer.outputArguments) {
    assert.equal(list.dataType, DataType.UInt32);
    assert.equal(list.arrayType, VariantArrayType.Array);
    assert.equal((list.value || []).length, 0);
  }
});

check("GetMonitoredItems of an unknown subscription is refused", async (bench) => {
  const session = await bench.session();
  const answer = await session.call(SERVER, GET_MONITORED_ITEMS, [UNKNOWN]);
  assert.equal(answer.statusCode.name, "BadSubscriptionIdInvalid");
});

check("GetMonitoredItems of another's subscription is refused", async (bench) => {
  const [owner, other] = [await bench.session(), await bench.session({ role: "second" })];
  const subscriber = await Subscriber.create(owner);
  const answer = await other.call(SERVER, GET_MONITORED_ITEMS, [uint32(subscriber.id)]);
  assert.ok(
    ["BadUserAccessDenied", "BadSubscriptionIdInvalid"].includes(answer.statusCode.name),
    answer.statusCode.name,
  );
});

check("ResendData repeats the latest values", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [1.5, "good"], "I2/Value": [2.5, "good"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  const [one, two] = [await subscriber.item(bench.node("I1/Value")), await subscriber.item(bench.node("I2/Value"))];
  await subscriber.item(bench.node("I1/Name"), {}, { monitoringMode: 1 }); // sampling is not reporting
  await subscriber.untilValues(2);
  const answer = await session.call(SERVER, RESEND_DATA, [uint32(subscriber.id)]);
  assert.equal(answer.statusCode.name, "Good");
  await subscriber.untilValues(4);
  assert.deepEqual(
    subscriber.of(one.handle).map((value) => value.value),
    [1.5, 1.5],
  );
  assert.deepEqual(
    subscriber.of(two.handle).map((value) => value.value),
    [2.5, 2.5],
  );
});

check("ResendData of an unknown or foreign subscription is refused", async (bench) => {
  const [owner, other] = [await bench.session(), await bench.session({ role: "second" })];
  const subscriber = await Subscriber.create(owner);
  assert.equal((await other.call(SERVER, RESEND_DATA, [UNKNOWN])).statusCode.name, "BadSubscriptionIdInvalid");
  const foreign = await other.call(SERVER, RESEND_DATA, [uint32(subscriber.id)]);
  assert.ok(
    ["BadUserAccessDenied", "BadSubscriptionIdInvalid"].includes(foreign.statusCode.name),
    foreign.statusCode.name,
  );
});

check("missing arguments are told", async (bench) => {
  const session = await bench.session();
  assert.equal((await session.call(SERVER, GET_MONITORED_ITEMS, [])).statusCode.name, "BadArgumentsMissing");
});

check("too many arguments are told", async (bench) => {
  const session = await bench.session();
  const answer = await session.call(SERVER, GET_MONITORED_ITEMS, [uint32(1), uint32(2)]);
  assert.equal(answer.statusCode.name, "BadTooManyArguments");
});

check("an argument of the wrong type is pointed at", async (bench) => {
  const session = await bench.session();
  for (const wrong of [
    { dataType: DataType.String, value: "1" },
    { dataType: DataType.Double, value: 1 },
    { dataType: DataType.UInt32, arrayType: VariantArrayType.Array, value: [1] },
    { dataType: DataType.Null },
  ]) {
    const answer = await session.call(SERVER, GET_MONITORED_ITEMS, [new Variant(wrong)]);
    assert.equal(answer.statusCode.name, "BadInvalidArgument");
    assert.deepEqual(results(answer), ["BadTypeMismatch"]);
  }
});

check("a method is called on its object", async (bench) => {
  const session = await bench.session();
  assert.equal(
    (await session.call(bench.node("I1"), GET_MONITORED_ITEMS, [uint32(1)])).statusCode.name,
    "BadMethodInvalid",
  );
  assert.equal(
    (await session.call("ns=2;s=nothing", GET_MONITORED_ITEMS, [uint32(1)])).statusCode.name,
    "BadNodeIdUnknown",
  );
  assert.equal((await session.call(SERVER, "i=2256", [])).statusCode.name, "BadMethodInvalid");
  const unknown = await session.call(SERVER, "ns=2;s=nothing", []);
  assert.ok(["BadMethodInvalid", "BadNodeIdUnknown"].includes(unknown.statusCode.name), unknown.statusCode.name);
});

check("a Call of nothing is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Call", { methodsToCall: [] }, "BadNothingToDo");
});

check("methods that do nothing are not executable", async (bench) => {
  const session = await bench.session();
  const wanted = [
    [GET_MONITORED_ITEMS, true],
    [RESEND_DATA, true],
    ["i=12749", false],
    ["i=12886", false],
  ]; // SetSubscriptionDurable, RequestServerStateChange
  for (const [method, executable] of wanted) {
    const found = await session.read(method, "Executable");
    if (found.statusCode.name === "BadNodeIdUnknown" && !executable) continue; // or it is not there at all
    assert.equal(found.value.value, executable, method);
    assert.equal(await session.value(method, "UserExecutable"), executable, method);
  }
});

check("a method that is not executable is not executed", async (bench) => {
  const session = await bench.session();
  const answer = await session.call(SERVER, "i=12749", [uint32(1), uint32(1)]);
  assert.ok(
    ["BadNotExecutable", "BadUserAccessDenied", "BadMethodInvalid", "BadNodeIdUnknown"].includes(
      answer.statusCode.name,
    ),
    answer.statusCode.name,
  );
});

check("actions are not for observers", async (bench) => {
  const session = await bench.session();
  const method = bench.node("Action/StartAutocalibration");
  assert.equal(await session.value(method, "Executable"), true);
  assert.equal(await session.value(method, "UserExecutable"), false);
  const yes = new Variant({ dataType: DataType.Boolean, value: true });
  const answer = await session.call(bench.node("Action"), method, [uint32(1), yes]);
  assert.equal(answer.statusCode.name, "BadUserAccessDenied");
});

check("arguments of a method describe themselves", async (bench) => {
  const session = await bench.session();
  const method = bench.node("Action/StartAutocalibration");
  const inputs = await session.value((await session.follow(method, "0:InputArguments")).toString());
  assert.deepEqual(
    inputs.map((one) => [one.name, one.dataType.value, one.valueRank]),
    [
      ["Group", 7, -1],
      ["Confirm", 1, -1],
    ],
  );
});

check.encrypted("an operator starts an action", async (bench) => {
  const session = await bench.session({ user: "operator" });
  const method = bench.node("Action/StartAutocalibration");
  assert.equal(await session.value(method, "UserExecutable"), true);
  const yes = new Variant({ dataType: DataType.Boolean, value: true });
  const answer = await session.call(bench.node("Action"), method, [uint32(1), yes]);
  assert.equal(answer.statusCode.name, "Good");
  assert.equal(answer.outputArguments.length, 1);
});

check.encrypted("arguments out of range are pointed at", async (bench) => {
  const session = await bench.session({ user: "operator" });
  const yes = new Variant({ dataType: DataType.Boolean, value: true });
  const answer = await session.call(bench.node("Action"), bench.node("Action/StartAutocalibration"), [uint32(9), yes]);
  assert.equal(answer.statusCode.name, "BadInvalidArgument");
  assert.deepEqual(results(answer), ["BadOutOfRange", "Good"]);
});

check.encrypted("an observer with a name starts nothing", async (bench) => {
  const session = await bench.session({ user: "observer" });
  const yes = new Variant({ dataType: DataType.Boolean, value: true });
  const answer = await session.call(bench.node("Action"), bench.node("Action/StartAutocalibration"), [uint32(1), yes]);
  assert.equal(answer.statusCode.name, "BadUserAccessDenied");
});

check("several calls have results of their own", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const asked = [[uint32(subscriber.id)], [], [UNKNOWN]];
  const methodsToCall = asked.map((inputArguments) => ({
    objectId: resolveNodeId(SERVER),
    methodId: resolveNodeId(GET_MONITORED_ITEMS),
    inputArguments,
  }));
  const answers = (await session.ask("Call", { methodsToCall })).results.map((one) => one.statusCode.name);
  assert.deepEqual(answers, ["Good", "BadArgumentsMissing", "BadSubscriptionIdInvalid"]);
});
