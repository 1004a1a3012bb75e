// Republish, and what a client does with it (OPC 10000-4 sections 5.14.6 and 6.7).
"use strict";

const { Peer, Subscriber, assert, check, within } = require("./harness");

const UNKNOWN = 4000000000;

const NOT_MINE = "BadSubscriptionIdInvalid";

check("Republish repeats a message until it is acknowledged", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [41, "good"] }]);
  const subscriber = await Subscriber.create(session, { requestedMaxKeepAliveCount: 1 });
  await subscriber.item(bench.node("I1/Value"));
  const first = await subscriber.publish();
  const again = async () =>
    (await session.ask("Republish", { subscriptionId: subscriber.id, retransmitSequenceNumber: first.sequence }))
      .notificationMessage;
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
    await session.refused(
      "Republish",
      { subscriptionId: subscriber.id, retransmitSequenceNumber: number },
      "BadMessageNotAvailable",
    );
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
  assert.deepEqual(
    available,
    Array.from({ length: available.length }, (_, n) => sequence - available.length + 1 + n),
  );
});

check("a session goes on after its connection was aborted", async (bench) => {
  const first = await bench.fragileClient();
  const session = await bench.session({ client: first });
  await bench.play([{ "I1/Value": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  subscriber.acknowledge = false;
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  subscriber.pause();
  const second = await bench.ownClient();
  first._secureChannel.getTransport()._socket?.destroy();
  await bench.play(
    Array.from({ length: 5 }, (_, n) => ({ "I1/Value": [n + 1, "good"] })),
    { gap: 0.06 },
  );
  await within(second.reactivateSession(session.session), "reactivation");
  const moved = new Peer(second);
  moved.token = session.token;
  subscriber.peer = moved;
  subscriber.fault = null;
  const collected = new Map();
  for (let n = 0; n < 10 && ![...collected.values()].flat().includes(5); n += 1) {
    const message = await subscriber.publish();
    collected.set(
      message.sequence,
      message.values.map((one) => one.value),
    );
    for (const number of message.available) {
      if (collected.has(number)) continue;
      const { notificationMessage } = await moved.ask("Republish", {
        subscriptionId: subscriber.id,
        retransmitSequenceNumber: number,
      });
      const items = notificationMessage.notificationData.flatMap((part) => part.monitoredItems);
      collected.set(
        number,
        items.map((one) => one.value.value.value),
      );
    }
  }
  const values = [...collected.entries()].sort((one, other) => one[0] - other[0]).flatMap((entry) => entry[1]);
  assert.deepEqual([...new Set(values)], [0, 1, 2, 3, 4, 5]);
});
