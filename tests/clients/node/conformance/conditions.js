// Events and alarms (OPC 10000-4 section 7.22.3, OPC 10000-9 section 5).
"use strict";

const { Subscriber, assert, check, types } = require("./harness");
const { AttributeIds, DataType, Variant, resolveNodeId } = require("node-opcua-client");

const SERVER = "i=2253";
const BASE_EVENT = "i=2041";
const CONDITION = "i=2782";
const ALARM = "i=2915";
const REFRESH = "i=3875";
const [REFRESH_START, REFRESH_END] = ["ns=0;i=2787", "ns=0;i=2788"];
const AUDITS = ["ns=0;i=2071", "ns=0;i=2075"]; // AuditCreateSessionEventType, AuditActivateSessionEventType
const OVERFLOW = "ns=0;i=3035";
const METHODS = { Enable: "i=9027", Disable: "i=9028", AddComment: "i=9029", Acknowledge: "i=9111", Confirm: "i=9113",
  Unshelve: "i=2947", OneShotShelve: "i=2948", TimedShelve: "i=2949" };

// Fields that the checks look at: name, type that declares it, path. ConditionId is the NodeId of the condition itself.
const FIELDS = [
  ["EventId", BASE_EVENT], ["EventType", BASE_EVENT], ["SourceName", BASE_EVENT], ["Time", BASE_EVENT],
  ["Message", BASE_EVENT], ["Severity", BASE_EVENT], ["ConditionName", CONDITION], ["Retain", CONDITION],
  ["EnabledState/Id", CONDITION], ["Comment", CONDITION], ["ActiveState/Id", ALARM], ["AckedState/Id", "i=2881"],
  ["ConfirmedState/Id", "i=2881"], ["ShelvingState/CurrentState", ALARM],
];

const operand = (path, typeDefinitionId, attributeId = AttributeIds.Value) => ({
  typeDefinitionId: resolveNodeId(typeDefinitionId),
  browsePath: path ? path.split("/").map((name) => ({ namespaceIndex: 0, name })) : [],
  attributeId,
});

const SELECT = [...FIELDS.map(([path, type]) => operand(path, type)), operand("", CONDITION, AttributeIds.NodeId)];

function named(event) {
  const values = event.eventFields.map((field) => (field ? field.value : null));
  const fields = Object.fromEntries(FIELDS.map(([path], n) => [path.replace("/Id", ""), values[n]]));
  return { ...fields, EventType: String(fields.EventType), ConditionId: values.at(-1) && String(values.at(-1)) };
}

// Events of this bench's analyser, and a way to wait for the next one that fits.
class Listener {
  constructor(bench, subscriber) {
    this.bench = bench;
    this.subscriber = subscriber;
  }

  get all() {
    return this.subscriber.events.map(named);
  }

  get mine() {
    return this.all.filter((one) => String(one.SourceName).split("/")[0] === this.bench.device);
  }

  async until(fits, what) {
    await this.subscriber.until(() => this.mine.some(fits), what);
    return this.mine.filter(fits).at(-1);
  }
}

function eventItem(subscriber, selectClauses = SELECT, whereClause = undefined, node = SERVER, queueSize = 1000) {
  const filter = new types.EventFilter({ selectClauses, whereClause });
  return subscriber.tryItem(node, { filter, queueSize }, { attributeId: AttributeIds.EventNotifier });
}

async function listening(bench, { user = null, where = undefined, node = SERVER } = {}) {
  const session = await bench.session({ user });
  const subscriber = (await Subscriber.create(session)).listen();
  const item = await eventItem(subscriber, SELECT, where, node);
  assert.equal(item.statusCode.name, "Good");
  return { session, subscriber, listener: new Listener(bench, subscriber) };
}

const alarm1 = (up) => [{ "I1/Alarm1": [up, "good"] }];
const isAlarm1 = (more = {}) => (event) =>
  event.ConditionName === "Alarm1" && Object.entries(more).every(([name, value]) => event[name] === value);

async function raised(bench, listener) {
  await bench.play(alarm1(true));
  return listener.until(isAlarm1({ ActiveState: true }), "the alarm");
}

async function act(session, event, method, ...inputs) {
  return (await session.call(event.ConditionId, METHODS[method], inputs)).statusCode.name;
}

const eventId = (event) => new Variant({ dataType: DataType.ByteString, value: event.EventId });
const comment = (text) => new Variant({ dataType: DataType.LocalizedText, value: { locale: "en", text } });
const duration = (value) => new Variant({ dataType: DataType.Double, value });

check("the Server object can be listened to", async (bench) => {
  const session = await bench.session();
  assert.equal((await session.value(SERVER, "EventNotifier")) & 1, 1);
});

check("an alarm is raised and cleared", async (bench) => {
  const { listener } = await listening(bench);
  const up = await raised(bench, listener);
  assert.equal(up.SourceName, `${bench.device}/I1`);
  assert.deepEqual([up.Severity, up.Retain, up.AckedState, up.EnabledState], [600, true, false, true]);
  assert.equal(up.EventId.length, 16);
  await bench.play(alarm1(false));
  const down = await listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  assert.equal(down.Retain, true); // nobody has acknowledged it
  assert.ok(!down.EventId.equals(up.EventId));
});

check("the time of an alarm is that of the value", async (bench) => {
  const { listener } = await listening(bench);
  const { stamps } = await bench.play(alarm1(true));
  const up = await listener.until(isAlarm1({ ActiveState: true }), "the alarm");
  assert.equal(up.Time.getTime(), Math.floor(stamps[0] / 1000));
});

check("an analyser can be listened to alone", async (bench) => {
  const { listener } = await listening(bench, { node: `ns=${bench.setup.namespace};s=${bench.device}` });
  await raised(bench, listener);
  assert.deepEqual(listener.all.filter((one) => String(one.SourceName).split("/")[0] !== bench.device), []);
});

check("a where clause selects types of events", async (bench) => {
  const ofType = (type) => ({ elements: [{ filterOperator: 14,
    filterOperands: [new types.LiteralOperand({ value: new Variant({ dataType: DataType.NodeId, value: resolveNodeId(type) }) })] }] });
  const alarms = await listening(bench, { where: ofType(ALARM) });
  const limits = await listening(bench, { where: ofType("i=9341") }); // ExclusiveLimitAlarmType: Alarm1 is none
  await raised(bench, alarms.listener);
  await bench.play(alarm1(false));
  await alarms.listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  await alarms.subscriber.until(() => limits.subscriber.messages.length > 0, "a message");
  assert.deepEqual(limits.listener.mine, []);
});

check("a where clause compares fields", async (bench) => {
  const severity = (number) => ({ elements: [{ filterOperator: 4, filterOperands: [ // GreaterThanOrEqual
    new types.SimpleAttributeOperand(operand("Severity", BASE_EVENT)),
    new types.LiteralOperand({ value: new Variant({ dataType: DataType.UInt16, value: number }) })] }] });
  const loud = await listening(bench, { where: severity(600) });
  const louder = await listening(bench, { where: severity(601) });
  await raised(bench, loud.listener);
  assert.deepEqual(louder.listener.mine.filter(isAlarm1()), []);
});

check("a where clause knows patterns", async (bench) => {
  const like = (pattern) => ({ elements: [{ filterOperator: 6, filterOperands: [
    new types.SimpleAttributeOperand(operand("SourceName", BASE_EVENT)),
    new types.LiteralOperand({ value: new Variant({ dataType: DataType.String, value: pattern }) })] }] });
  const mine = await listening(bench, { where: like(`${bench.device}/I_`) });
  const others = await listening(bench, { where: like(`${bench.device}/E%`) });
  await raised(bench, mine.listener);
  assert.deepEqual(others.listener.mine, []);
});

check.encrypted("engineers hear of logins, others do not", async (bench) => {
  const engineer = await listening(bench, { user: "engineer" });
  const observer = await listening(bench);
  const before = engineer.listener.all.length;
  await bench.session({ user: "operator" });
  const audits = (listener) => listener.all.filter((one) => AUDITS.includes(one.EventType));
  await engineer.subscriber.until(() => audits(engineer.listener).length > 0, "audit events");
  assert.ok(engineer.listener.all.length > before);
  await raised(bench, observer.listener); // whatever came before has come
  assert.deepEqual(audits(observer.listener), []);
});

check("fields that do not exist are null, and told", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session)).listen();
  const item = await eventItem(subscriber, [operand("Message", BASE_EVENT), operand("Nonsense", BASE_EVENT)]);
  const told = (item.filterResult && item.filterResult.selectClauseResults) || [];
  if (item.statusCode.name === "Good") {
    assert.equal(told.length, 2);
    assert.equal(told[0].name, "Good");
    await bench.play(alarm1(true));
    await subscriber.until(({ events }) => events.length > 0, "an event");
    assert.ok(!subscriber.events[0].eventFields[1] || subscriber.events[0].eventFields[1].value === null);
  } else {
    assert.equal(item.statusCode.name, "BadEventFilterInvalid");
  }
  assert.ok(told[1].value >= 0x80000000, told[1].name);
});

check("events need an event filter with fields", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const more = { attributeId: AttributeIds.EventNotifier };
  const change = new types.DataChangeFilter({ trigger: 1, deadbandType: 0, deadbandValue: 0 });
  assert.equal((await subscriber.tryItem(SERVER, { filter: change }, more)).statusCode.name, "BadFilterNotAllowed");
  const refusals = ["BadEventFilterInvalid", "BadFilterNotAllowed", "BadMonitoredItemFilterInvalid"];
  for (const filter of [undefined, new types.EventFilter({ selectClauses: [] })]) {
    const answer = (await subscriber.tryItem(SERVER, { filter }, more)).statusCode.name;
    assert.ok(refusals.includes(answer), answer);
  }
});

check("malformed where clauses are refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const lonely = { elements: [{ filterOperator: 0, filterOperands: [] }] }; // Equals of nothing
  assert.equal((await eventItem(subscriber, SELECT, lonely)).statusCode.name, "BadEventFilterInvalid");
});

check("too many events are announced", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { publishingEnabled: false });
  const item = await eventItem(subscriber, SELECT, undefined, `ns=${bench.setup.namespace};s=${bench.device}`, 3);
  assert.equal(item.statusCode.name, "Good");
  await bench.play([...alarm1(true), ...alarm1(false), ...alarm1(true), ...alarm1(false), ...alarm1(true), ...alarm1(false)]);
  await session.ask("SetPublishingMode", { publishingEnabled: true, subscriptionIds: [subscriber.id] });
  subscriber.listen();
  await subscriber.until(({ events }) => events.length >= 3, "events");
  assert.ok(subscriber.events.map(named).some((one) => one.EventType === OVERFLOW), "no EventQueueOverflowEventType");
});

check("ConditionRefresh repeats what is still of interest", async (bench) => {
  await bench.play(alarm1(true));
  const { session, subscriber, listener } = await listening(bench);
  const refresh = await session.call(CONDITION, REFRESH, [new Variant({ dataType: DataType.UInt32, value: subscriber.id })]);
  assert.equal(refresh.statusCode.name, "Good");
  await subscriber.until(() => listener.all.some((one) => one.EventType === REFRESH_END), "the end of the refresh");
  const kinds = listener.all.map((one) => one.EventType);
  const inside = listener.all.slice(kinds.indexOf(REFRESH_START) + 1, kinds.indexOf(REFRESH_END));
  assert.ok(inside.some((one) => isAlarm1({ ActiveState: true })(one) && one.SourceName === `${bench.device}/I1`));
  assert.ok(inside.every((one) => one.Retain === true));
});

check("ConditionRefresh of an unknown or foreign subscription is refused", async (bench) => {
  const [owner, other] = [await bench.session(), await bench.session({ role: "second" })];
  const { id } = await Subscriber.create(owner);
  const asked = async (number) => (await other.call(CONDITION, REFRESH, [new Variant({ dataType: DataType.UInt32, value: number })])).statusCode.name;
  assert.equal(await asked(4000000000), "BadSubscriptionIdInvalid");
  assert.ok(["BadSubscriptionIdInvalid", "BadUserAccessDenied"].includes(await asked(id)));
});

check("observers do not acknowledge", async (bench) => {
  const { session, listener } = await listening(bench);
  const up = await raised(bench, listener);
  for (const method of ["Acknowledge", "Confirm", "AddComment"]) {
    assert.equal(await act(session, up, method, eventId(up), comment("seen")), "BadUserAccessDenied", method);
  }
  for (const method of ["Disable", "OneShotShelve"]) assert.equal(await act(session, up, method), "BadUserAccessDenied", method);
});

check.encrypted("an alarm is acknowledged once", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("seen")), "Good");
  const acked = await listener.until(isAlarm1({ AckedState: true }), "the acknowledgement");
  assert.equal(acked.Comment.text, "seen");
  assert.equal(acked.ActiveState, true);
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("again")), "BadConditionBranchAlreadyAcked");
});

check.encrypted("an alarm is confirmed after it was acknowledged and has gone", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  await act(session, up, "Acknowledge", eventId(up), comment("seen"));
  await bench.play(alarm1(false));
  const down = await listener.until(isAlarm1({ ActiveState: false, AckedState: true }), "the end of the alarm");
  if (down.ConfirmedState === false) {
    assert.equal(await act(session, down, "Confirm", eventId(down), comment("done")), "Good");
    await listener.until(isAlarm1({ ConfirmedState: true, Retain: false }), "the confirmation");
  }
  assert.equal(await act(session, down, "Confirm", eventId(down), comment("again")), "BadConditionBranchAlreadyConfirmed");
});

check.encrypted("an unknown event is not acknowledged", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  const invented = new Variant({ dataType: DataType.ByteString, value: Buffer.alloc(16, 3) });
  for (const method of ["Acknowledge", "Confirm", "AddComment"]) {
    assert.equal(await act(session, up, method, invented, comment("seen")), "BadEventIdUnknown", method);
  }
});

check.encrypted("arguments of condition methods are checked", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Acknowledge", eventId(up)), "BadArgumentsMissing");
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("a"), comment("b")), "BadTooManyArguments");
  assert.equal(await act(session, up, "Acknowledge", comment("a"), eventId(up)), "BadInvalidArgument");
});

check.encrypted("a comment is kept and shown", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "AddComment", eventId(up), comment("pump was off")), "Good");
  const told = await listener.until((one) => one.Comment && one.Comment.text === "pump was off", "the comment");
  assert.equal(told.AckedState, false);
});

check.encrypted("a disabled alarm keeps quiet", async (bench) => {
  const { session, listener } = await listening(bench, { user: "engineer" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Disable"), "Good");
  await listener.until(isAlarm1({ EnabledState: false }), "the end of its service");
  assert.equal(await act(session, up, "Disable"), "BadConditionAlreadyDisabled");
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("x")), "BadConditionDisabled");
  const before = listener.mine.filter(isAlarm1()).length;
  await bench.play([...alarm1(false), ...alarm1(true)]);
  assert.equal(await act(session, up, "Enable"), "Good");
  const back = await listener.until(isAlarm1({ EnabledState: true, ActiveState: true }), "the alarm");
  assert.ok(back);
  assert.equal(await act(session, up, "Enable"), "BadConditionAlreadyEnabled");
  const silent = listener.mine.filter(isAlarm1()).slice(before).filter((one) => one.EnabledState === false);
  assert.deepEqual(silent, []);
});

check.encrypted("an alarm is shelved and taken from the shelf", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  const shelf = async () => (await listener.until(isAlarm1(), "the alarm"))["ShelvingState/CurrentState"].text;
  assert.equal(await shelf(), "Unshelved");
  assert.equal(await act(session, up, "Unshelve"), "BadConditionNotShelved");
  assert.equal(await act(session, up, "OneShotShelve"), "Good");
  await listener.until((one) => one["ShelvingState/CurrentState"]?.text === "OneShotShelved", "the shelf");
  assert.equal(await act(session, up, "OneShotShelve"), "BadConditionAlreadyShelved");
  assert.equal(await act(session, up, "Unshelve"), "Good");
});

check.encrypted("an alarm that is shelved for a time comes back", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "TimedShelve", duration(-1)), "BadShelvingTimeOutOfRange");
  assert.equal(await act(session, up, "TimedShelve", duration(300)), "Good");
  await listener.until((one) => one["ShelvingState/CurrentState"]?.text === "TimedShelved", "the shelf");
  await listener.subscriber.until(() => {
    const states = listener.mine.filter(isAlarm1()).map((one) => one["ShelvingState/CurrentState"]?.text);
    return states.lastIndexOf("Unshelved") > states.indexOf("TimedShelved") && states.includes("TimedShelved");
  }, "the end of the time");
});

check("the state of an alarm can be read", async (bench) => {
  const { session, listener } = await listening(bench);
  const up = await raised(bench, listener);
  const state = async (path) => session.value((await session.follow(up.ConditionId, path)).toString());
  assert.equal(await state("0:ActiveState/0:Id"), true);
  assert.equal(await state("0:AckedState/0:Id"), false);
  assert.equal(await state("0:EnabledState/0:Id"), true);
  await bench.play(alarm1(false));
  await listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  assert.equal(await state("0:ActiveState/0:Id"), false);
});

check("the loss of communication is an alarm", async (bench) => {
  const { listener } = await listening(bench);
  const lost = { "Status/Communication": ["communication-lost", "good"] };
  for (const path of ["I1/Value", "I2/Value", "I3/Value"]) lost[path] = [0, "communication-lost"];
  await bench.play([lost]);
  const up = await listener.until((one) => one.ConditionName === "Communication" && one.ActiveState === true, "the alarm");
  assert.equal(up.SourceName, bench.device);
  assert.equal(up.Severity, 750);
});

check("the health of NE 107 is told by alarms", async (bench) => {
  const { listener } = await listening(bench);
  for (const [path, name] of [["I1/Fault", "Failure"], ["I1/WarmingUp", "CheckFunction"], ["I1/Maintenance", "MaintenanceRequired"]]) {
    await bench.play([{ [path]: [true, "good"] }]);
    await listener.until((one) => one.ConditionName === name && one.ActiveState === true, name);
  }
});
