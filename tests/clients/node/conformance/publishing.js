// Publish: messages, sequence numbers, keep-alives (OPC 10000-4 section 5.14.5).
"use strict";

const { Subscriber, assert, check, sleep, within } = require("./harness");

const UNKNOWN = 4000000000;

const SEQUENCE_UNKNOWN = "BadSequenceNumberUnknown";

const NOT_MINE = "BadSubscriptionIdInvalid";

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
    assert.deepEqual(
      message.available,
      Array.from({ length: n }, (_, one) => one + 1),
    );
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
  assert.deepEqual(
    response.results.map((one) => one.name),
    [SEQUENCE_UNKNOWN, NOT_MINE, "Good", SEQUENCE_UNKNOWN],
  );
});

check("Publish without a subscription is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Publish", {}, "BadNoSubscription");
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000 });
  await subscriber.publish();
  const waiting = subscriber.publish().then(
    () => "answered",
    (error) => error.status,
  );
  await session.ask("DeleteSubscriptions", { subscriptionIds: [subscriber.id] });
  assert.equal(await within(waiting, "the waiting Publish"), "BadNoSubscription");
});

check("too many Publish requests are refused", async (bench) => {
  const session = await bench.session({ client: await bench.ownClient() });
  await Subscriber.create(session, { requestedMaxKeepAliveCount: 1000, publishingEnabled: false });
  const answers = [];
  for (let n = 0; n < 300; n += 1)
    session.ask("Publish", {}, 60000).then(
      () => {},
      (error) => answers.push(error.status),
    );
  const end = Date.now() + 30000;
  while (!answers.includes("BadTooManyPublishRequests") && Date.now() < end) await sleep(20);
  assert.ok(
    answers.length > 0 && answers.every((one) => one === "BadTooManyPublishRequests"),
    `${[...new Set(answers)]}`,
  );
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
  assert.deepEqual(
    told.map((message) => message.values.length),
    [4, 4, 4, 4, 4],
  );
  for (const { values } of told) assert.equal(new Set(values.map((one) => one.source)).size, 1);
});

check("MaxNotificationsPerPublish is kept, and more is announced", async (bench) => {
  const session = await bench.session();
  const subscriber = (
    await Subscriber.create(session, { maxNotificationsPerPublish: 3, publishingEnabled: false })
  ).listen();
  for (const path of ["I1", "I2", "I3"])
    for (const name of ["Value", "Name", "Fault"]) await subscriber.item(bench.node(`${path}/${name}`));
  await subscriber.item(bench.node("Status/Tick"));
  await session.ask("SetPublishingMode", { publishingEnabled: true, subscriptionIds: [subscriber.id] });
  await subscriber.untilValues(10);
  const told = subscriber.messages.filter((message) => !message.keepAlive);
  assert.deepEqual(
    told.map((message) => message.values.length),
    [3, 3, 3, 1],
  );
  assert.deepEqual(
    told.map((message) => message.more),
    [true, true, true, false],
  );
  assert.deepEqual(
    told.map((message) => message.sequence),
    [1, 2, 3, 4],
  );
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
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    Array.from({ length: 11 }, (_, n) => n),
  );
});

check("the publishing mode stops and starts notifications", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (
    await Subscriber.create(session, { publishingEnabled: false, requestedMaxKeepAliveCount: 2 })
  ).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.until(({ messages }) => messages.length >= 3, "keep-alives");
  assert.ok(subscriber.messages.every((message) => message.keepAlive));
  const { results } = await session.ask("SetPublishingMode", {
    publishingEnabled: true,
    subscriptionIds: [subscriber.id, UNKNOWN],
  });
  assert.deepEqual(
    results.map((one) => one.name),
    ["Good", NOT_MINE],
  );
  await subscriber.untilValues(1);
  await session.ask("SetPublishingMode", { publishingEnabled: false, subscriptionIds: [subscriber.id] });
  const told = subscriber.messages.length;
  await bench.play([{ "I1/Value": [1, "good"] }]);
  await subscriber.until(({ messages }) => messages.length >= told + 3, "keep-alives");
  assert.equal(subscriber.values.length, 1);
});
