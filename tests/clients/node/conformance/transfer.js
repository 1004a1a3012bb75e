// TransferSubscriptions (OPC 10000-4 section 5.14.7).
"use strict";

const { Subscriber, assert, check, within } = require("./harness");

const UNKNOWN = 4000000000;

async function transfer(peer, id, sendInitialValues = false) {
  return (await peer.ask("TransferSubscriptions", { subscriptionIds: [id], sendInitialValues })).results[0];
}

// A subscription of one session with one item, and another session that may take it over.
async function stage(bench, { user = null } = {}) {
  const giver = await bench.session({ user });
  const taker = await bench.session({ user, client: await bench.ownClient() });
  await bench.play([{ "I1/Value": [1, "good"] }]);
  const subscriber = await Subscriber.create(giver, { requestedMaxKeepAliveCount: 4 });
  subscriber.acknowledge = false;
  const item = await subscriber.item(bench.node("I1/Value"));
  const message = await subscriber.publish();
  assert.deepEqual(
    message.values.map((one) => one.value),
    [1],
  );
  return { giver, taker, subscriber, item };
}

check.secured("a subscription moves to another session with its unacknowledged messages", async (bench) => {
  const { taker, subscriber } = await stage(bench);
  const result = await transfer(taker, subscriber.id);
  assert.equal(result.statusCode.name, "Good");
  assert.deepEqual([...result.availableSequenceNumbers], [1]);
  const { notificationMessage } = await taker.ask("Republish", {
    subscriptionId: subscriber.id,
    retransmitSequenceNumber: 1,
  });
  assert.equal(notificationMessage.notificationData[0].monitoredItems[0].value.value.value, 1);
});

check.secured("a moved subscription goes on with the next value", async (bench) => {
  const { taker, subscriber, item } = await stage(bench);
  assert.equal((await transfer(taker, subscriber.id)).statusCode.name, "Good");
  subscriber.peer = taker;
  subscriber.listen();
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.untilValues(2);
  assert.deepEqual(
    subscriber.of(item.handle).map((one) => one.value),
    [1, 2],
  );
  assert.deepEqual(
    subscriber.messages.filter((one) => !one.keepAlive).map((one) => one.sequence),
    [1, 2],
  );
});

check.secured("a moved subscription repeats its values when asked to", async (bench) => {
  const { taker, subscriber } = await stage(bench);
  assert.equal((await transfer(taker, subscriber.id, true)).statusCode.name, "Good");
  subscriber.peer = taker;
  subscriber.listen();
  await subscriber.untilValues(2);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    [1, 1],
  );
});

// The next message that is no keep-alive; requests that wait are served first.
async function news(subscriber, waiting) {
  let message = await within(waiting, "the StatusChangeNotification");
  for (let n = 0; message.keepAlive && n < 50; n += 1) message = await subscriber.publish();
  return message;
}

check.secured("the session that loses a subscription is told", async (bench) => {
  const { giver, taker, subscriber } = await stage(bench);
  const spare = await Subscriber.create(giver, { requestedMaxKeepAliveCount: 10 });
  const waiting = spare.publish();
  assert.equal((await transfer(taker, subscriber.id)).statusCode.name, "Good");
  const told = await news(spare, waiting);
  assert.equal(told.subscription, subscriber.id);
  assert.deepEqual(told.statusChanges, ["GoodSubscriptionTransferred"]);
});

check.secured("the last subscription of a session is announced as lost too", async (bench) => {
  const { giver, taker, subscriber } = await stage(bench);
  const waiting = subscriber.publish();
  await within(Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 50))]), "a moment");
  assert.equal((await transfer(taker, subscriber.id)).statusCode.name, "Good");
  const told = await news(subscriber, waiting);
  assert.deepEqual(told.statusChanges, ["GoodSubscriptionTransferred"]);
  await giver.refused(
    "Republish",
    { subscriptionId: subscriber.id, retransmitSequenceNumber: 1 },
    "BadSubscriptionIdInvalid",
  );
});

check("an unknown subscription cannot be moved", async (bench) => {
  const session = await bench.session();
  assert.equal((await transfer(session, UNKNOWN)).statusCode.name, "BadSubscriptionIdInvalid");
  await session.refused("TransferSubscriptions", { subscriptionIds: [], sendInitialValues: false }, "BadNothingToDo");
});

check.encrypted("a subscription does not move to another user", async (bench) => {
  const { subscriber } = await stage(bench, { user: "operator" });
  const stranger = await bench.session({ user: "observer" });
  assert.equal((await transfer(stranger, subscriber.id)).statusCode.name, "BadUserAccessDenied");
  const anonymous = await bench.session();
  assert.equal((await transfer(anonymous, subscriber.id)).statusCode.name, "BadUserAccessDenied");
  subscriber.listen();
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.untilValues(2);
});

check.secured("an anonymous subscription does not move to another application", async (bench) => {
  const { subscriber } = await stage(bench);
  const stranger = await bench.session({ role: "second" });
  assert.equal((await transfer(stranger, subscriber.id)).statusCode.name, "BadUserAccessDenied");
  subscriber.listen();
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.untilValues(2);
});

check.unsecured("without security an anonymous subscription stays where it is, or moves whole", async (bench) => {
  const { taker, subscriber } = await stage(bench);
  const result = await transfer(taker, subscriber.id, true);
  assert.ok(["Good", "BadUserAccessDenied"].includes(result.statusCode.name), result.statusCode.name);
  if (result.statusCode.name === "Good") subscriber.peer = taker;
  subscriber.listen();
  await bench.play([{ "I1/Value": [2, "good"] }]);
  await subscriber.until(({ values }) => values.at(-1).value === 2, "the next value");
});

check.encrypted("a user's subscription outlives its session and is fetched by the next", async (bench) => {
  const { giver, taker, subscriber } = await stage(bench, { user: "operator" });
  await giver.ask("CloseSession", { deleteSubscriptions: false });
  await bench.play([{ "I1/Value": [2, "good"] }]);
  assert.equal((await transfer(taker, subscriber.id)).statusCode.name, "Good");
  subscriber.peer = taker;
  subscriber.listen();
  await subscriber.untilValues(2);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    [1, 2],
  );
});
