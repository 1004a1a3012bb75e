// Subscriptions and how long they live (OPC 10000-4 section 5.14).
"use strict";

const { Subscriber, assert, check, sleep, within } = require("./harness");
const { AttributeIds, ClientMonitoredItem, ClientSubscription, TimestampsToReturn } = require("node-opcua-client");

const UNKNOWN = 4000000000;

const NOT_MINE = "BadSubscriptionIdInvalid";

check.brief("the library's own subscription sees every value", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscription = ClientSubscription.create(session.session, {
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: bench.node("I1/Value"), attributeId: AttributeIds.Value },
    { samplingInterval: 0, discardOldest: true, queueSize: 100 },
    TimestampsToReturn.Both,
  );
  const values = [];
  let started;
  let finished;
  const first = new Promise((resolve) => (started = resolve));
  const last = new Promise((resolve) => (finished = resolve));
  item.on("changed", (data) => {
    values.push(data.value.value);
    started();
    if (data.value.value === 20) finished();
  });
  await within(first, "the first value");
  await bench.play(
    Array.from({ length: 20 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })),
    { gap: 0.01 },
  );
  await within(last, "the last value");
  assert.deepEqual(
    values,
    Array.from({ length: 21 }, (_, n) => n),
  );
  await subscription.terminate();
});

check("what a client asks of a subscription is revised", async (bench) => {
  const session = await bench.session();
  for (const asked of [0, -5, NaN]) {
    const { revised } = await Subscriber.create(session, { requestedPublishingInterval: asked });
    assert.ok(revised.revisedPublishingInterval >= 10 && revised.revisedPublishingInterval <= 1000, `${asked}`);
  }
  const { revised } = await Subscriber.create(session, {
    requestedPublishingInterval: 200,
    requestedLifetimeCount: 1,
    requestedMaxKeepAliveCount: 30,
  });
  assert.equal(revised.revisedPublishingInterval, 200);
  assert.ok(revised.revisedLifetimeCount >= 3 * revised.revisedMaxKeepAliveCount);
  const none = await Subscriber.create(session, { requestedMaxKeepAliveCount: 0, requestedLifetimeCount: 0 });
  assert.ok(none.revised.revisedMaxKeepAliveCount > 0 && none.revised.revisedLifetimeCount >= 3);
  const much = await Subscriber.create(session, {
    requestedMaxKeepAliveCount: 4000000000,
    requestedLifetimeCount: 4000000000,
  });
  assert.ok(much.revised.revisedLifetimeCount >= 3 * much.revised.revisedMaxKeepAliveCount);
});

check("ModifySubscription changes the publishing interval", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session, { requestedPublishingInterval: 3600000 })).listen();
  assert.ok(subscriber.revised.revisedPublishingInterval >= 60000);
  const answer = await session.ask("ModifySubscription", {
    subscriptionId: subscriber.id,
    requestedPublishingInterval: 60,
    requestedLifetimeCount: 300,
    requestedMaxKeepAliveCount: 7,
    maxNotificationsPerPublish: 0,
    priority: 0,
  });
  assert.equal(answer.revisedPublishingInterval, 60);
  assert.equal(answer.revisedMaxKeepAliveCount, 7);
  assert.equal(answer.revisedLifetimeCount, 300);
  await subscriber.item(bench.node("I1/Value"));
  for (let n = 1; n <= 3; n += 1) {
    await bench.play([{ "I1/Value": [n, "good"] }]);
    await subscriber.until(({ values }) => values.some((one) => one.value === n), `value ${n}`);
  }
});

check("ModifySubscription slows down as well", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  const answer = await session.ask("ModifySubscription", {
    subscriptionId: subscriber.id,
    requestedPublishingInterval: 1000,
    requestedLifetimeCount: 300,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0,
    priority: 0,
  });
  assert.equal(answer.revisedPublishingInterval, 1000);
  const [before, began] = [subscriber.messages.length, Date.now()];
  await bench.play(
    Array.from({ length: 20 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })),
    { gap: 0.06 },
  );
  await subscriber.until(({ values }) => values.at(-1).value === 20, "the last value");
  const messages = subscriber.messages.slice(before).filter((message) => !message.keepAlive);
  const most = 2 + (Date.now() - began) / 1000;
  assert.ok(messages.length <= most, `${messages.length} messages at 1 s, at most ${most}`);
});

check("ModifySubscription changes MaxNotificationsPerPublish", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session)).listen();
  await session.ask("ModifySubscription", {
    subscriptionId: subscriber.id,
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 300,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 2,
    priority: 0,
  });
  await bench.play([{ "I1/Value": [0, "good"] }]);
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  await bench.play(Array.from({ length: 6 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })));
  await subscriber.untilValues(7);
  assert.ok(subscriber.messages.every((message) => message.values.length <= 2));
});

check("a subscription that nobody asks for expires and says so", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { requestedLifetimeCount: 3, requestedMaxKeepAliveCount: 1 });
  const { revisedLifetimeCount, revisedPublishingInterval } = subscriber.revised;
  const life = revisedLifetimeCount * revisedPublishingInterval;
  assert.ok(life <= 15000, `lives ${life} ms`);
  await sleep(life + 1500);
  const message = await within(subscriber.publish(), "the StatusChangeNotification");
  assert.deepEqual(message.statusChanges, ["BadTimeout"]);
  await session.refused("Publish", {}, "BadNoSubscription");
  await session.refused("Republish", { subscriptionId: subscriber.id, retransmitSequenceNumber: 1 }, NOT_MINE);
});

check("Publish requests keep a subscription alive", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { requestedLifetimeCount: 40, requestedMaxKeepAliveCount: 1 });
  const life = subscriber.revised.revisedLifetimeCount * subscriber.revised.revisedPublishingInterval;
  const end = Date.now() + Math.min(life * 1.5, 12000) + 300;
  while (Date.now() < end) assert.deepEqual((await subscriber.publish()).statusChanges, []);
});

check("services keep a subscription alive", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, {
    requestedLifetimeCount: 6,
    requestedMaxKeepAliveCount: 2,
    requestedPublishingInterval: 100,
  });
  const life = subscriber.revised.revisedLifetimeCount * subscriber.revised.revisedPublishingInterval;
  if (life > 8000) return;
  const end = Date.now() + life * 1.5;
  while (Date.now() < end) {
    await session.ask("ModifySubscription", {
      subscriptionId: subscriber.id,
      requestedPublishingInterval: 100,
      requestedLifetimeCount: 6,
      requestedMaxKeepAliveCount: 2,
      maxNotificationsPerPublish: 0,
      priority: 0,
    });
    await sleep(life / 6);
  }
  assert.deepEqual((await subscriber.publish()).statusChanges, []);
});

check("subscriptions are deleted once", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const { results } = await session.ask("DeleteSubscriptions", {
    subscriptionIds: [subscriber.id, UNKNOWN, subscriber.id],
  });
  assert.deepEqual(
    results.map((one) => one.name),
    ["Good", NOT_MINE, NOT_MINE],
  );
  await session.refused("DeleteSubscriptions", { subscriptionIds: [] }, "BadNothingToDo");
});

check("another session's subscription does not exist", async (bench) => {
  const [owner, thief] = [await bench.session(), await bench.session({ role: "second" })];
  await bench.play([{ "I1/Value": [1, "good"] }]);
  const subscriber = (await Subscriber.create(owner)).listen();
  subscriber.acknowledge = false;
  const item = await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  const { id } = subscriber;
  const parameters = { clientHandle: 1, samplingInterval: 0, queueSize: 1, discardOldest: true };
  const target = {
    itemToMonitor: { nodeId: bench.node("I1/Value"), attributeId: 13 },
    monitoringMode: 2,
    requestedParameters: parameters,
  };
  const attempts = {
    ModifySubscription: {
      subscriptionId: id,
      requestedPublishingInterval: 1000,
      requestedLifetimeCount: 30,
      requestedMaxKeepAliveCount: 10,
    },
    CreateMonitoredItems: { subscriptionId: id, timestampsToReturn: 2, itemsToCreate: [target] },
    ModifyMonitoredItems: {
      subscriptionId: id,
      timestampsToReturn: 2,
      itemsToModify: [{ monitoredItemId: item.id, requestedParameters: parameters }],
    },
    DeleteMonitoredItems: { subscriptionId: id, monitoredItemIds: [item.id] },
    SetMonitoringMode: { subscriptionId: id, monitoringMode: 0, monitoredItemIds: [item.id] },
    SetTriggering: { subscriptionId: id, triggeringItemId: item.id, linksToAdd: [item.id] },
    Republish: { subscriptionId: id, retransmitSequenceNumber: 1 },
  };
  for (const [service, fields] of Object.entries(attempts)) await thief.refused(service, fields, NOT_MINE);
  for (const [service, more] of [
    ["DeleteSubscriptions", {}],
    ["SetPublishingMode", { publishingEnabled: false }],
  ]) {
    const { results } = await thief.ask(service, { subscriptionIds: [id], ...more });
    assert.deepEqual(
      results.map((one) => one.name),
      [NOT_MINE],
      service,
    );
  }
  await thief.refused(
    "Publish",
    { subscriptionAcknowledgements: [{ subscriptionId: id, sequenceNumber: 1 }] },
    "BadNoSubscription",
  );
  await owner.ask("Republish", { subscriptionId: id, retransmitSequenceNumber: 1 });
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.untilValues(2);
});
