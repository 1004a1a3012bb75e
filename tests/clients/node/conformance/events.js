// Events and their filters (OPC 10000-4 section 7.22.3).
"use strict";

const { Subscriber, assert, check, types } = require("./harness");
const { AttributeIds, DataType, Variant, resolveNodeId } = require("node-opcua-client");
const {
  ALARM,
  BASE_EVENT,
  SELECT,
  SERVER,
  alarm1,
  eventItem,
  isAlarm1,
  listening,
  named,
  operand,
  raised,
} = require("./event_listener");

const AUDITS = ["ns=0;i=2071", "ns=0;i=2075"]; // AuditCreateSessionEventType, AuditActivateSessionEventType

const OVERFLOW = "ns=0;i=3035";

check("the Server object can be listened to", async (bench) => {
  const session = await bench.session();
  assert.equal((await session.value(SERVER, "EventNotifier")) & 1, 1);
});

check("an analyser can be listened to alone", async (bench) => {
  const { listener } = await listening(bench, { node: `ns=${bench.setup.namespace};s=${bench.device}` });
  await raised(bench, listener);
  assert.deepEqual(
    listener.all.filter((one) => String(one.SourceName).split("/")[0] !== bench.device),
    [],
  );
});

check("a where clause selects types of events", async (bench) => {
  const ofType = (type) => ({
    elements: [
      {
        filterOperator: 14,
        filterOperands: [
          new types.LiteralOperand({ value: new Variant({ dataType: DataType.NodeId, value: resolveNodeId(type) }) }),
        ],
      },
    ],
  });
  const alarms = await listening(bench, { where: ofType(ALARM) });
  const limits = await listening(bench, { where: ofType("i=9341") }); // ExclusiveLimitAlarmType: Alarm1 is none
  await raised(bench, alarms.listener);
  await bench.play(alarm1(false));
  await alarms.listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  await alarms.subscriber.until(() => limits.subscriber.messages.length > 0, "a message");
  assert.deepEqual(limits.listener.mine, []);
});

check("a where clause compares fields", async (bench) => {
  const severity = (number) => ({
    elements: [
      {
        filterOperator: 4,
        filterOperands: [
          // GreaterThanOrEqual
          new types.SimpleAttributeOperand(operand("Severity", BASE_EVENT)),
          new types.LiteralOperand({ value: new Variant({ dataType: DataType.UInt16, value: number }) }),
        ],
      },
    ],
  });
  const loud = await listening(bench, { where: severity(600) });
  const louder = await listening(bench, { where: severity(601) });
  await raised(bench, loud.listener);
  assert.deepEqual(louder.listener.mine.filter(isAlarm1()), []);
});

check("a where clause knows patterns", async (bench) => {
  const like = (pattern) => ({
    elements: [
      {
        filterOperator: 6,
        filterOperands: [
          new types.SimpleAttributeOperand(operand("SourceName", BASE_EVENT)),
          new types.LiteralOperand({ value: new Variant({ dataType: DataType.String, value: pattern }) }),
        ],
      },
    ],
  });
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
  await bench.play([
    ...alarm1(true),
    ...alarm1(false),
    ...alarm1(true),
    ...alarm1(false),
    ...alarm1(true),
    ...alarm1(false),
  ]);
  await session.ask("SetPublishingMode", { publishingEnabled: true, subscriptionIds: [subscriber.id] });
  subscriber.listen();
  await subscriber.until(({ events }) => events.length >= 3, "events");
  assert.ok(
    subscriber.events.map(named).some((one) => one.EventType === OVERFLOW),
    "no EventQueueOverflowEventType",
  );
});
