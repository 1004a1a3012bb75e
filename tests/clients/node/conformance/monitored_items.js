// Monitored items: create, modify, delete (OPC 10000-4 section 5.13).
"use strict";

const { Subscriber, assert, check, types } = require("./harness");
const { AttributeIds, resolveNodeId } = require("node-opcua-client");
const { NumericRange } = require("node-opcua-numeric-range");
const { count, steps, watching } = require("./watching");

const NAMESPACES = "i=2255";

check.brief("a new item reports the present value", async (bench) => {
  const { subscriber, item } = await watching(bench);
  const [first] = subscriber.values;
  assert.equal(first.handle, item.handle);
  assert.deepEqual([first.value, first.status], [0, "Good"]);
});

check("a new item reports a present that is bad", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [null, "waiting"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  assert.deepEqual([subscriber.values[0].value, subscriber.values[0].status], [null, "BadWaitingForInitialData"]);
});

check.brief("changes are reported in order with their times", async (bench) => {
  const { subscriber } = await watching(bench);
  const { stamps } = await bench.play(steps(count(1, 50)));
  await subscriber.untilValues(51);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    count(0, 50),
  );
  const milliseconds = (us) => Math.floor(us / 1000);
  assert.deepEqual(
    subscriber.values.slice(1).map((one) => milliseconds(one.source)),
    stamps.map(milliseconds),
  );
});

check("good, uncertain, bad and good again are all reported", async (bench) => {
  const { subscriber } = await watching(bench);
  await bench.play([
    { "I1/Value": [0, "stale"] },
    { "I1/Value": [0, "communication-lost"] },
    { "I1/Value": [0, "good"] },
  ]);
  await subscriber.untilValues(4);
  assert.deepEqual(
    subscriber.values.map((one) => one.status),
    ["Good", "UncertainLastUsableValue", "BadNoCommunication", "Good"],
  );
});

const timestamps = (number, source, server) => async (bench) => {
  const session = await bench.session();
  await bench.play(steps([1]));
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"), {}, { timestampsToReturn: number });
  await subscriber.untilValues(1);
  const [first] = subscriber.values;
  assert.deepEqual([first.source !== null, first.hasServer], [source, server]);
};

check("items return timestamps Source", timestamps(0, true, false));

check("items return timestamps Server", timestamps(1, false, true));

check("items return timestamps Both", timestamps(2, true, true));

check("items return timestamps Neither", timestamps(3, false, false));

check("items refuse invalid TimestampsToReturn", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  await assert.rejects(subscriber.tryItem(bench.node("I1/Value"), {}, { timestampsToReturn: 4 }), {
    status: "BadTimestampsToReturnInvalid",
  });
});

check("items on what is not there are refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const status = async (...item) => (await subscriber.tryItem(...item)).statusCode.name;
  assert.equal(await status("ns=2;s=nothing"), "BadNodeIdUnknown");
  assert.equal(await status("i=85"), "BadAttributeIdInvalid");
  assert.equal(
    await status(bench.node("I1/Value"), {}, { attributeId: AttributeIds.EventNotifier }),
    "BadAttributeIdInvalid",
  );
});

check("items on other attributes report them", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"), {}, { attributeId: AttributeIds.DisplayName });
  await subscriber.untilValues(1);
  assert.equal(subscriber.values[0].value.text, "Value");
});

check("items take a part of an array", async (bench) => {
  const session = await bench.session();
  const all = await session.value(NAMESPACES);
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(NAMESPACES, {}, { indexRange: new NumericRange("0:1") });
  await subscriber.untilValues(1);
  assert.deepEqual([...subscriber.values[0].value], all.slice(0, 2));
});

check("items refuse malformed index ranges", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const indexRange = new NumericRange();
  Object.assign(indexRange, { type: 6, value: "5:2", toEncodeableString: () => "5:2" });
  const result = await subscriber.tryItem(NAMESPACES, {}, { indexRange });
  assert.equal(result.statusCode.name, "BadIndexRangeInvalid");
});

check("items take an encoding only of structures", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const dataEncoding = { namespaceIndex: 0, name: "Default Binary" };
  assert.equal(
    (await subscriber.tryItem(bench.node("I1/Value"), {}, { dataEncoding })).statusCode.name,
    "BadDataEncodingInvalid",
  );
  assert.equal((await subscriber.tryItem("i=2256", {}, { dataEncoding })).statusCode.name, "Good");
  const xml = { namespaceIndex: 0, name: "Default XML" };
  assert.equal(
    (await subscriber.tryItem("i=2256", {}, { dataEncoding: xml })).statusCode.name,
    "BadDataEncodingUnsupported",
  );
});

check("filters that do not fit are refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const status = async (node, filter, more = {}) => (await subscriber.tryItem(node, { filter }, more)).statusCode.name;
  const aggregate = new types.AggregateFilter({ aggregateType: resolveNodeId("i=2342"), processingInterval: 1000 });
  const refusals = ["BadMonitoredItemFilterUnsupported", "BadMonitoredItemFilterInvalid", "BadFilterNotAllowed"];
  for (const filter of [aggregate, new types.EventFilter({ selectClauses: [] })]) {
    const answer = await status(bench.node("I1/Value"), filter);
    assert.ok(refusals.includes(answer), answer);
  }
  const change = new types.DataChangeFilter({ trigger: 1, deadbandType: 1, deadbandValue: 1 });
  const name = { attributeId: AttributeIds.DisplayName };
  assert.equal(await status(bench.node("I1/Value"), change, name), "BadFilterNotAllowed");
});

function modify(session, subscriber, item, parameters, more = {}) {
  const requestedParameters = {
    clientHandle: item.handle,
    samplingInterval: 0,
    queueSize: 100,
    discardOldest: true,
    ...parameters,
  };
  return session.ask("ModifyMonitoredItems", {
    subscriptionId: subscriber.id,
    timestampsToReturn: 2,
    itemsToModify: [{ monitoredItemId: item.id, requestedParameters }],
    ...more,
  });
}

check("a modified item uses its new client handle", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  assert.equal((await modify(session, subscriber, item, { clientHandle: 4711 })).results[0].statusCode.name, "Good");
  await bench.play(steps([1]));
  await subscriber.until(({ values }) => values.some((one) => one.value === 1), "the next value");
  assert.equal(subscriber.values.at(-1).handle, 4711);
});

check("a modified item uses its new queue and sampling interval", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  const { results } = await modify(session, subscriber, item, { queueSize: 2, samplingInterval: 700 });
  assert.equal(results[0].revisedQueueSize, 2);
  assert.equal(results[0].revisedSamplingInterval, 700);
  await modify(session, subscriber, item, { queueSize: 2, samplingInterval: 0 });
  const before = subscriber.values.length;
  await bench.play(steps(count(1, 9)));
  await subscriber.until(({ values }) => values.at(-1).value === 9, "the last value");
  assert.deepEqual(
    subscriber.values
      .slice(before)
      .map((one) => one.value)
      .slice(-2),
    [8, 9],
  );
});

check("a modified item uses its new timestamps", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  await modify(session, subscriber, item, {}, { timestampsToReturn: 0 });
  await bench.play(steps([1]));
  await subscriber.until(({ values }) => values.some((one) => one.value === 1), "the next value");
  assert.equal(subscriber.values.at(-1).hasServer, false);
});

check("ModifyMonitoredItems refuses what it does not know", async (bench) => {
  const { session, subscriber } = await watching(bench);
  const { results } = await modify(session, subscriber, { id: 4000000000, handle: 1 }, {});
  assert.equal(results[0].statusCode.name, "BadMonitoredItemIdInvalid");
  await assert.rejects(modify(session, subscriber, { id: 1, handle: 1 }, {}, { itemsToModify: [] }), {
    status: "BadNothingToDo",
  });
});

check("a deleted item reports no more", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  const other = await subscriber.item(bench.node("I2/Value"));
  await subscriber.untilValues(2);
  const { results } = await session.ask("DeleteMonitoredItems", {
    subscriptionId: subscriber.id,
    monitoredItemIds: [item.id, 4000000000],
  });
  assert.deepEqual(
    results.map((one) => one.name),
    ["Good", "BadMonitoredItemIdInvalid"],
  );
  await bench.play([{ "I1/Value": [1, "good"] }, { "I2/Value": [1, "good"] }]);
  await subscriber.until((mine) => mine.of(other.handle).length === 2, "the other item");
  assert.equal(subscriber.of(item.handle).length, 1);
});

check("nothing to create is refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  await session.refused(
    "CreateMonitoredItems",
    { subscriptionId: subscriber.id, timestampsToReturn: 2, itemsToCreate: [] },
    "BadNothingToDo",
  );
  await session.refused(
    "CreateMonitoredItems",
    { subscriptionId: 4000000000, timestampsToReturn: 2, itemsToCreate: [] },
    "BadSubscriptionIdInvalid",
    "BadNothingToDo",
  );
});

check("the same value may be watched more than once", async (bench) => {
  const { subscriber, item } = await watching(bench);
  const slow = await subscriber.item(bench.node("I1/Value"), {
    filter: new types.DataChangeFilter({ trigger: 1, deadbandType: 1, deadbandValue: 5 }),
  });
  await bench.play(steps(count(1, 12)));
  await subscriber.until(
    (mine) => mine.of(item.handle).length === 13 && mine.of(slow.handle).length === 3,
    "both items",
  );
  assert.deepEqual(
    subscriber.of(slow.handle).map((one) => one.value),
    [0, 6, 12],
  );
});

check("two subscribers see the same", async (bench) => {
  const one = await watching(bench);
  const two = await watching(bench);
  await bench.play(steps(count(1, 20)));
  for (const { subscriber } of [one, two])
    await subscriber.until(({ values }) => values.at(-1).value === 20, "the last value");
  assert.deepEqual(
    one.subscriber.values.slice(-20).map((each) => [each.value, each.source]),
    two.subscriber.values.slice(-20).map((each) => [each.value, each.source]),
  );
});

check("very many items are refused in one request", async (bench) => {
  const session = await bench.session();
  const most = await session.value("i=11714"); // MaxMonitoredItemsPerCall
  assert.ok(most >= 100 && most <= 100000);
  const subscriber = await Subscriber.create(session);
  const one = {
    itemToMonitor: { nodeId: resolveNodeId("i=2258"), attributeId: 13 },
    monitoringMode: 2,
    requestedParameters: { clientHandle: 1, samplingInterval: 1000, queueSize: 1, discardOldest: true },
  };
  await session.refused(
    "CreateMonitoredItems",
    { subscriptionId: subscriber.id, timestampsToReturn: 2, itemsToCreate: new Array(most + 1).fill(one) },
    "BadTooManyOperations",
  );
});
