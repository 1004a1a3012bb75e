// Events of a bench's analyser, and an alarm to make some.
"use strict";

const { Subscriber, assert, types } = require("./harness");
const { AttributeIds, resolveNodeId } = require("node-opcua-client");

const SERVER = "i=2253";

const BASE_EVENT = "i=2041";

const CONDITION = "i=2782";

const ALARM = "i=2915";

// Fields that the checks look at: name, type that declares it, path. ConditionId is the NodeId of the condition itself.
const FIELDS = [
  ["EventId", BASE_EVENT],
  ["EventType", BASE_EVENT],
  ["SourceName", BASE_EVENT],
  ["Time", BASE_EVENT],
  ["Message", BASE_EVENT],
  ["Severity", BASE_EVENT],
  ["ConditionName", CONDITION],
  ["Retain", CONDITION],
  ["EnabledState/Id", CONDITION],
  ["Comment", CONDITION],
  ["ActiveState/Id", ALARM],
  ["AckedState/Id", "i=2881"],
  ["ConfirmedState/Id", "i=2881"],
  ["ShelvingState/CurrentState", ALARM],
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

const isAlarm1 =
  (more = {}) =>
  (event) =>
    event.ConditionName === "Alarm1" && Object.entries(more).every(([name, value]) => event[name] === value);

async function raised(bench, listener) {
  await bench.play(alarm1(true));
  return listener.until(isAlarm1({ ActiveState: true }), "the alarm");
}

module.exports = {
  ALARM,
  BASE_EVENT,
  CONDITION,
  SELECT,
  SERVER,
  alarm1,
  eventItem,
  isAlarm1,
  listening,
  named,
  operand,
  raised,
};
