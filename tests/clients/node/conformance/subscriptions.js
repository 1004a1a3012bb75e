// Subscriptions, Publish and Republish (OPC 10000-4 section 5.14).
"use strict";

const { Peer, Subscriber, assert, check, sleep, within } = require("./harness");
const { AttributeIds, ClientMonitoredItem, ClientSubscription, TimestampsToReturn } = require("node-opcua-client");

const UNKNOWN = 4000000000;
const SEQUENCE_UNKNOWN = "BadSequenceNumberUnknown";
const NOT_MINE = "BadSubscriptionIdInvalid";

check.brief("the library's own subscription sees every value", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscription = ClientSubscription.create(session.session, {
    requestedPublishingInterval: 50, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 1,
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
  await bench.play(Array.from({ length: 20 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })), { gap: 0.01 });
  await within(last, "the last value");
  assert.deepEqual(values, Array.from({ length: 21 }, (_, n) => n));
  await subscription.terminate();
});

check("what a client asks of a subscription is revised", async (bench) => {
  const session = await bench.session();
  for (const asked of [0, -5, NaN]) {
    const { revised } = await Subscriber.create(session, { requestedPublishingInterval: asked });
    assert.ok(revised.revisedPublishingInterval >= 10 && revised.revisedPublishingInterval <= 1000, `${asked}`);
  }
  const { revised } = await Subscriber.create(session, { requestedPublishingInterval: 200, requestedLifetimeCount: 1, requestedMaxKeepAliveCount: 30 });
  assert.equal(revised.revisedPublishingInterval, 200);
  assert.ok(revised.revisedLifetimeCount >= 3 * revised.revisedMaxKeepAliveCount);
  const none = await Subscriber.create(session, { requestedMaxKeepAliveCount: 0, requestedLifetimeCount: 0 });
  assert.ok(none.revised.revisedMaxKeepAliveCount > 0 && none.revised.revisedLifetimeCount >= 3);
  const much = await Subscriber.create(session, { requestedMaxKeepAliveCount: 4000000000, requestedLifetimeCount: 4000000000 });
  assert.ok(much.revised.revisedLifetimeCount >= 3 * much.revised.revisedMaxKeepAliveCount);
});

check("the first message of an idle subscription is a keep-alive", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000 });
  const message = await within(subscriber.publish(), "the first keep-alive", 2000);
  assert.ok(message.keepAlive);
  assert.equal(message.sequence, 1);
  assert.deepEqual(message.available, []);
});

check("keep-alives come and use up no sequence numbers", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [1, "good"] }]);
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 2 });
  for (let n = 0; n < 3; n += 1) {
    const message = await within(subscriber.publish(), "a keep-alive", 3000);
    assert.ok(message.keepAlive);
    assert.equal(message.sequence, 1);
  }
  await subscriber.item(bench.node("I1/Value"));
  let message = await subscriber.publish();
  if (message.keepAlive) message = await subscriber.publish();
  assert.equal(message.sequence, 1);
  assert.equal((await subscriber.publish([1])).sequence, 2);
});

check("sequence numbers count up and wait for acknowledgement", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000 });
  await subscriber.item(bench.node("I1/Value"));
  assert.deepEqual((await subscriber.publish()).available, [1]);
  for (let n = 2; n <= 4; n += 1) {
    await bench.play([{ "I1/Value": [n, "good"] }]);
    const message = await subscriber.publish();
    assert.equal(message.sequence, n);
    assert.deepEqual(message.available, Array.from({ length: n }, (_, one) => one + 1));
  }
  await bench.play([{ "I1/Value": [99, "good"] }]);
  const message = await subscriber.publish([1, 3]);
  assert.deepEqual(message.results, ["Good", "Good"]);
  assert.deepEqual(message.available, [2, 4, 5]);
});

check("unknown sequence numbers are not acknowledged", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1 });
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.publish();
  const response = await session.ask("Publish", {
    subscriptionAcknowledgements: [
      { subscriptionId: subscriber.id, sequenceNumber: 77 },
      { subscriptionId: UNKNOWN, sequenceNumber: 1 },
      { subscriptionId: subscriber.id, sequenceNumber: 1 },
      { subscriptionId: subscriber.id, sequenceNumber: 1 },
    ],
  });
  assert.deepEqual(response.results.map((one) => one.name), [SEQUENCE_UNKNOWN, NOT_MINE, "Good", SEQUENCE_UNKNOWN]);
});

check("Publish without a subscription is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Publish", {}, "BadNoSubscription");
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000 });
  await subscriber.publish();
  const waiting = subscriber.publish().then(() => "answered", (error) => error.status);
  await session.ask("DeleteSubscriptions", { subscriptionIds: [subscriber.id] });
  assert.equal(await within(waiting, "the waiting Publish"), "BadNoSubscription");
});

check("too many Publish requests are refused", async (bench) => {
  const session = await bench.session({ client: await bench.ownClient() });
  await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000, publishingEnabled: false });
  const answers = [];
  for (let n = 0; n < 300; n += 1) session.ask("Publish", {}, 60000).then(() => {}, (error) => answers.push(error.status));
  const end = Date.now() + 5000;
  while (!answers.includes("BadTooManyPublishRequests") && Date.now() < end) await sleep(20);
  assert.ok(answers.length > 0 && answers.every((one) => one === "BadTooManyPublishRequests"), `${[...new Set(answers)]}`);
  assert.equal(await session.value("i=2259"), 0);
});

check.brief("a tick comes in one message", async (bench) => {
  const session = await bench.session();
  const paths = ["I1/Value", "I2/Value", "I3/Value", "Status/Tick"];
  await bench.play([Object.fromEntries(paths.map((path) => [path, [0, "good"]]))]);
  const subscriber = (await Subscriber.create(session)).listen();
  for (const path of paths) await subscriber.item(bench.node(path));
  await subscriber.untilValues(4);
  const from = subscriber.messages.length;
  for (let n = 1; n <= 5; n += 1) {
    await bench.play([Object.fromEntries(paths.map((path) => [path, [n, "good"]]))]);
    await subscriber.untilValues(4 + 4 * n);
  }
  const told = subscriber.messages.slice(from).filter((message) => !message.keepAlive);
  assert.deepEqual(told.map((message) => message.values.length), [4, 4, 4, 4, 4]);
  for (const { values } of told) assert.equal(new Set(values.map((one) => one.source)).size, 1);
});

check("MaxNotificationsPerPublish is kept, and more is announced", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session, { maxNotificationsPerPublish: 3, publishingEnabled: false })).listen();
  for (const path of ["I1", "I2", "I3"]) for (const name of ["Value", "Name", "Fault"]) await subscriber.item(bench.node(`${path}/${name}`));
  await subscriber.item(bench.node("Status/Tick"));
  await session.ask("SetPublishingMode", { publishingEnabled: true, subscriptionIds: [subscriber.id] });
  await subscriber.untilValues(10);
  const told = subscriber.messages.filter((message) => !message.keepAlive);
  assert.deepEqual(told.map((message) => message.values.length), [3, 3, 3, 1]);
  assert.deepEqual(told.map((message) => message.more), [true, true, true, false]);
  assert.deepEqual(told.map((message) => message.sequence), [1, 2, 3, 4]);
});

check("the queue of one item is split as well", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session, { maxNotificationsPerPublish: 4 })).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  await bench.play(Array.from({ length: 10 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })));
  await subscriber.untilValues(11);
  assert.ok(subscriber.messages.every((message) => message.values.length <= 4));
  assert.deepEqual(subscriber.values.map((one) => one.value), Array.from({ length: 11 }, (_, n) => n));
});

check("ModifySubscription changes the publishing interval", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session, { requestedPublishingInterval: 3600000 })).listen();
  assert.ok(subscriber.revised.revisedPublishingInterval >= 60000);
  const answer = await session.ask("ModifySubscription", {
    subscriptionId: subscriber.id, requestedPublishingInterval: 60, requestedLifetimeCount: 300, requestedMaxKeepAliveCount: 7,
    maxNotificationsPerPublish: 0, priority: 0,
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
    subscriptionId: subscriber.id, requestedPublishingInterval: 1000, requestedLifetimeCount: 300, requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0, priority: 0,
  });
  assert.equal(answer.revisedPublishingInterval, 1000);
  const [before, began] = [subscriber.messages.length, Date.now()];
  await bench.play(Array.from({ length: 20 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })), { gap: 0.06 });
  await subscriber.until(({ values }) => values.at(-1).value === 20, "the last value");
  const messages = subscriber.messages.slice(before).filter((message) => !message.keepAlive);
  const most = 2 + (Date.now() - began) / 1000;
  assert.ok(messages.length <= most, `${messages.length} messages at 1 s, at most ${most}`);
});

check("ModifySubscription changes MaxNotificationsPerPublish", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session)).listen();
  await session.ask("ModifySubscription", {
    subscriptionId: subscriber.id, requestedPublishingInterval: 50, requestedLifetimeCount: 300, requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 2, priority: 0,
  });
  await bench.play([{ "I1/Value": [0, "good"] }]);
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  await bench.play(Array.from({ length: 6 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })));
  await subscriber.untilValues(7);
  assert.ok(subscriber.messages.every((message) => message.values.length <= 2));
});

check("the publishing mode stops and starts notifications", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session, { publishingEnabled: false, requestedMaxKeepAliveCount: 2 })).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.until(({ messages }) => messages.length >= 3, "keep-alives");
  assert.ok(subscriber.messages.every((message) => message.keepAlive));
  const { results } = await session.ask("SetPublishingMode", { publishingEnabled: true, subscriptionIds: [subscriber.id, UNKNOWN] });
  assert.deepEqual(results.map((one) => one.name), ["Good", NOT_MINE]);
  await subscriber.untilValues(1);
  await session.ask("SetPublishingMode", { publishingEnabled: false, subscriptionIds: [subscriber.id] });
  const told = subscriber.messages.length;
  await bench.play([{ "I1/Value": [1, "good"] }]);
  await subscriber.until(({ messages }) => messages.length >= told + 3, "keep-alives");
  assert.equal(subscriber.values.length, 1);
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
  const subscriber = await Subscriber.create(session, { requestedLifetimeCount: 3, requestedMaxKeepAliveCount: 1 });
  const life = subscriber.revised.revisedLifetimeCount * subscriber.revised.revisedPublishingInterval;
  const end = Date.now() + Math.min(life * 1.5, 12000) + 300;
  while (Date.now() < end) assert.deepEqual((await subscriber.publish()).statusChanges, []);
});

check("services keep a subscription alive", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session, { requestedLifetimeCount: 6, requestedMaxKeepAliveCount: 2, requestedPublishingInterval: 100 });
  const life = subscriber.revised.revisedLifetimeCount * subscriber.revised.revisedPublishingInterval;
  if (life > 8000) return;
  const end = Date.now() + life * 1.5;
  while (Date.now() < end) {
    await session.ask("ModifySubscription", { subscriptionId: subscriber.id, requestedPublishingInterval: 100, requestedLifetimeCount: 6,
      requestedMaxKeepAliveCount: 2, maxNotificationsPerPublish: 0, priority: 0 });
    await sleep(life / 6);
  }
  assert.deepEqual((await subscriber.publish()).statusChanges, []);
});

check("Republish repeats a message until it is acknowledged", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [41, "good"] }]);
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1 });
  await subscriber.item(bench.node("I1/Value"));
  const first = await subscriber.publish();
  const again = async () => (await session.ask("Republish", { subscriptionId: subscriber.id, retransmitSequenceNumber: first.sequence })).notificationMessage;
  for (let n = 0; n < 2; n += 1) {
    const message = await again();
    assert.equal(message.sequenceNumber, first.sequence);
    assert.equal(message.notificationData[0].monitoredItems[0].value.value.value, 41);
    assert.equal(message.publishTime.getTime(), first.published.getTime());
  }
  await subscriber.publish([first.sequence]);
  await assert.rejects(again(), { status: "BadMessageNotAvailable" });
});

check("Republish of an unknown message is refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  for (const number of [0, 1, 77, 4294967295]) {
    await session.refused("Republish", { subscriptionId: subscriber.id, retransmitSequenceNumber: number }, "BadMessageNotAvailable");
  }
  await session.refused("Republish", { subscriptionId: UNKNOWN, retransmitSequenceNumber: 1 }, NOT_MINE);
});

check("the republish queue is bounded and keeps the newest", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = await Subscriber.create(session);
  subscriber.acknowledge = false;
  subscriber.listen();
  await subscriber.item(bench.node("I1/Value"));
  for (let n = 1; n <= 30; n += 1) {
    await bench.play([{ "I1/Value": [n, "good"] }]);
    await subscriber.untilValues(n + 1);
  }
  const { available, sequence } = subscriber.messages.filter((one) => !one.keepAlive).at(-1);
  assert.ok(available.length >= 20, `only ${available.length} messages are kept`);
  assert.deepEqual(available, Array.from({ length: available.length }, (_, n) => sequence - available.length + 1 + n));
});

check("subscriptions are deleted once", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const { results } = await session.ask("DeleteSubscriptions", { subscriptionIds: [subscriber.id, UNKNOWN, subscriber.id] });
  assert.deepEqual(results.map((one) => one.name), ["Good", NOT_MINE, NOT_MINE]);
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
  const target = { itemToMonitor: { nodeId: bench.node("I1/Value"), attributeId: 13 }, monitoringMode: 2, requestedParameters: parameters };
  const attempts = {
    ModifySubscription: { subscriptionId: id, requestedPublishingInterval: 1000, requestedLifetimeCount: 30, requestedMaxKeepAliveCount: 10 },
    CreateMonitoredItems: { subscriptionId: id, timestampsToReturn: 2, itemsToCreate: [target] },
    ModifyMonitoredItems: { subscriptionId: id, timestampsToReturn: 2, itemsToModify: [{ monitoredItemId: item.id, requestedParameters: parameters }] },
    DeleteMonitoredItems: { subscriptionId: id, monitoredItemIds: [item.id] },
    SetMonitoringMode: { subscriptionId: id, monitoringMode: 0, monitoredItemIds: [item.id] },
    SetTriggering: { subscriptionId: id, triggeringItemId: item.id, linksToAdd: [item.id] },
    Republish: { subscriptionId: id, retransmitSequenceNumber: 1 },
  };
  for (const [service, fields] of Object.entries(attempts)) await thief.refused(service, fields, NOT_MINE);
  for (const [service, more] of [["DeleteSubscriptions", {}], ["SetPublishingMode", { publishingEnabled: false }]]) {
    const { results } = await thief.ask(service, { subscriptionIds: [id], ...more });
    assert.deepEqual(results.map((one) => one.name), [NOT_MINE], service);
  }
  await thief.refused("Publish", { subscriptionAcknowledgements: [{ subscriptionId: id, sequenceNumber: 1 }] }, "BadNoSubscription");
  await owner.ask("Republish", { subscriptionId: id, retransmitSequenceNumber: 1 });
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.untilValues(2);
});

check("a session goes on after its connection was aborted", async (bench) => {
  const first = await bench.ownClient();
  const session = await bench.session({ client: first });
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  subscriber.acknowledge = false;
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  subscriber.pause();
  const second = await bench.ownClient();
  first._secureChannel.getTransport()._socket?.destroy();
  await bench.play(Array.from({ length: 5 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })), { gap: 0.06 });
  await within(second.reactivateSession(session.session), "reactivation");
  const moved = new Peer(second);
  moved.token = session.token;
  subscriber.peer = moved;
  subscriber.fault = null;
  const collected = new Map();
  for (let n = 0; n < 10 && ![...collected.values()].flat().includes(5); n += 1) {
    const message = await subscriber.publish();
    collected.set(message.sequence, message.values.map((one) => one.value));
    for (const number of message.available) {
      if (collected.has(number)) continue;
      const { notificationMessage } = await moved.ask("Republish", { subscriptionId: subscriber.id, retransmitSequenceNumber: number });
      const items = notificationMessage.notificationData.flatMap((part) => part.monitoredItems);
      collected.set(number, items.map((one) => one.value.value.value));
    }
  }
  const values = [...collected.entries()].sort((one, other) => one[0] - other[0]).flatMap((entry) => entry[1]);
  assert.deepEqual([...new Set(values)], [0, 1, 2, 3, 4, 5]);
});

