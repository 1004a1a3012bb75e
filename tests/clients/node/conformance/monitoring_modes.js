// Monitoring modes and triggering (OPC 10000-4 sections 5.13.4 and 5.13.5).
"use strict";

const { Subscriber, assert, check } = require("./harness");
const { steps, watching } = require("./watching");

const [DISABLED, SAMPLING, REPORTING] = [0, 1, 2];

check("a sampled item reports nothing until it is asked to", async (bench) => {
  const session = await bench.session();
  await bench.play(steps([0]));
  const subscriber = (await Subscriber.create(session, { requestedMaxKeepAliveCount: 2 })).listen();
  const item = await subscriber.item(bench.node("I1/Value"), { queueSize: 3 }, { monitoringMode: SAMPLING });
  await bench.play(steps([1, 2, 3]));
  await subscriber.until(({ messages }) => messages.length >= 3, "keep-alives");
  assert.equal(subscriber.values.length, 0);
  const mode = { subscriptionId: subscriber.id, monitoringMode: REPORTING, monitoredItemIds: [item.id] };
  assert.deepEqual(
    (await session.ask("SetMonitoringMode", mode)).results.map((one) => one.name),
    ["Good"],
  );
  await subscriber.until(({ values }) => values.length > 0 && values.at(-1).value === 3, "what was sampled");
});

check("a disabled item neither samples nor reports", async (bench) => {
  const { session, subscriber, item } = await watching(bench, {}, { requestedMaxKeepAliveCount: 2 });
  const set = (monitoringMode) =>
    session.ask("SetMonitoringMode", { subscriptionId: subscriber.id, monitoringMode, monitoredItemIds: [item.id] });
  await set(DISABLED);
  await bench.play(steps([1, 2, 3]));
  const told = subscriber.messages.length;
  await subscriber.until(({ messages }) => messages.length >= told + 2, "keep-alives");
  assert.equal(subscriber.values.length, 1);
  await set(REPORTING);
  await subscriber.untilValues(2);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    [0, 3],
  );
});

check("an enabled item reports although nothing has changed", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  for (const monitoringMode of [DISABLED, REPORTING]) {
    await session.ask("SetMonitoringMode", {
      subscriptionId: subscriber.id,
      monitoringMode,
      monitoredItemIds: [item.id],
    });
  }
  await subscriber.untilValues(2);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    [0, 0],
  );
});

check("SetMonitoringMode refuses what it does not know", async (bench) => {
  const { session, subscriber, item } = await watching(bench);
  const set = (ids) => ({ subscriptionId: subscriber.id, monitoringMode: REPORTING, monitoredItemIds: ids });
  const { results } = await session.ask("SetMonitoringMode", set([item.id, 4000000000]));
  assert.deepEqual(
    results.map((one) => one.name),
    ["Good", "BadMonitoredItemIdInvalid"],
  );
  await session.refused("SetMonitoringMode", set([]), "BadNothingToDo");
});

// A reporting item on I1 and a sampled one on I2.
async function triggered(bench) {
  const { session, subscriber, item } = await watching(bench, {}, { requestedMaxKeepAliveCount: 2 });
  await bench.play([{ "I2/Value": [0, "good"] }]);
  const linked = await subscriber.item(bench.node("I2/Value"), { queueSize: 10 }, { monitoringMode: SAMPLING });
  const set = (more) =>
    session.ask("SetTriggering", { subscriptionId: subscriber.id, triggeringItemId: item.id, ...more });
  return { session, subscriber, item, linked, set };
}

check("SetTriggering reports the linked item with the triggering one", async (bench) => {
  const { subscriber, linked, set } = await triggered(bench);
  const { addResults } = await set({ linksToAdd: [linked.id] });
  assert.deepEqual(
    addResults.map((one) => one.name),
    ["Good"],
  );
  await bench.play([{ "I2/Value": [1, "good"] }, { "I2/Value": [2, "good"] }]);
  const told = subscriber.messages.length;
  await subscriber.until(({ messages }) => messages.length >= told + 2, "keep-alives");
  assert.equal(subscriber.of(linked.handle).length, 0);
  await bench.play([{ "I1/Value": [1, "good"] }]);
  await subscriber.until((mine) => mine.of(linked.handle).length >= 2, "the linked item");
  const mine = subscriber.of(linked.handle).map((one) => one.value);
  assert.deepEqual(mine.slice(-2), [1, 2]);
});

check("a link that is removed triggers no more", async (bench) => {
  const { subscriber, linked, item, set } = await triggered(bench);
  await set({ linksToAdd: [linked.id] });
  const { removeResults } = await set({ linksToRemove: [linked.id] });
  assert.deepEqual(
    removeResults.map((one) => one.name),
    ["Good"],
  );
  await bench.play([{ "I2/Value": [5, "good"] }, { "I1/Value": [1, "good"] }]);
  await subscriber.until((mine) => mine.of(item.handle).length === 2, "the triggering item");
  const told = subscriber.messages.length;
  await subscriber.until(({ messages }) => messages.length >= told + 2, "keep-alives");
  assert.equal(subscriber.of(linked.handle).length, 0);
});

check("SetTriggering refuses what it does not know", async (bench) => {
  const { session, subscriber, item, linked, set } = await triggered(bench);
  const { addResults, removeResults } = await set({ linksToAdd: [linked.id, 4000000000], linksToRemove: [4000000001] });
  assert.deepEqual(
    addResults.map((one) => one.name),
    ["Good", "BadMonitoredItemIdInvalid"],
  );
  assert.deepEqual(
    removeResults.map((one) => one.name),
    ["BadMonitoredItemIdInvalid"],
  );
  await assert.rejects(set({ linksToAdd: [], linksToRemove: [] }), { status: "BadNothingToDo" });
  const unknown = { subscriptionId: subscriber.id, triggeringItemId: 4000000000, linksToAdd: [item.id] };
  await session.refused("SetTriggering", unknown, "BadMonitoredItemIdInvalid");
});
