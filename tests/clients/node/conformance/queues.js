// Sampling intervals and queues (OPC 10000-4 section 5.13.1).
"use strict";

const { assert, check } = require("./harness");
const { count, steps, watching } = require("./watching");

const OVERFLOW = 0x480; // info type DataValue, and its overflow bit (section 7.39.1)

const overflows = (values) => values.map((one) => (one.code & OVERFLOW) === OVERFLOW);

check("the sampling interval is honoured", async (bench) => {
  const { subscriber, item } = await watching(bench, { samplingInterval: 1000 });
  assert.equal(item.revisedSamplingInterval, 1000);
  const began = Date.now();
  await bench.play(steps(count(1, 50)), { gap: 0.01 });
  await subscriber.until(({ values }) => values.at(-1).value === 50, "the last value");
  const most = 3 + (Date.now() - began) / 900; // the first change may come at once, and others a little early
  assert.ok(subscriber.values.length <= most, `${subscriber.values.length} samples of 50 writes, at most ${most}`);
});

check("a sampling interval below zero is the publishing interval", async (bench) => {
  const { item, subscriber } = await watching(bench, { samplingInterval: -1 });
  assert.equal(item.revisedSamplingInterval, subscriber.revised.revisedPublishingInterval);
});

check("a sampling interval of zero means every change", async (bench) => {
  const { subscriber } = await watching(bench, { samplingInterval: 0 });
  await bench.play(steps(count(1, 20)), { gap: 0.005 });
  await subscriber.untilValues(21);
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    count(0, 20),
  );
});

check("a full queue drops the oldest and says so", async (bench) => {
  const { subscriber, item } = await watching(bench, { queueSize: 3, discardOldest: true });
  assert.equal(item.revisedQueueSize, 3);
  await bench.play(steps(count(1, 10)));
  await subscriber.untilValues(4);
  const values = subscriber.values.slice(1);
  assert.deepEqual(
    values.map((one) => one.value),
    [8, 9, 10],
  );
  assert.deepEqual(overflows(values), [true, false, false]);
});

check("a full queue that keeps the oldest replaces the newest and says so", async (bench) => {
  const { subscriber } = await watching(bench, { queueSize: 3, discardOldest: false });
  await bench.play(steps(count(1, 10)));
  await subscriber.untilValues(4);
  const values = subscriber.values.slice(1);
  assert.deepEqual(
    values.map((one) => one.value),
    [1, 2, 10],
  );
  assert.deepEqual(overflows(values), [false, false, true]);
});

check("a queue that just suffices does not overflow", async (bench) => {
  const { subscriber } = await watching(bench, { queueSize: 3 });
  await bench.play(steps([1, 2, 3]));
  await subscriber.untilValues(4);
  assert.deepEqual(overflows(subscriber.values), [false, false, false, false]);
});

check("a queue of one keeps the newest without an overflow bit", async (bench) => {
  for (const discardOldest of [true, false]) {
    const { subscriber, item } = await watching(bench, { queueSize: 1, discardOldest });
    assert.equal(item.revisedQueueSize, 1);
    await bench.play(steps(count(1, 5)));
    await subscriber.untilValues(2);
    assert.equal(subscriber.values[1].value, 5);
    assert.deepEqual(overflows(subscriber.values), [false, false]);
  }
});

check("queue sizes are revised", async (bench) => {
  const { item } = await watching(bench, { queueSize: 0 });
  assert.equal(item.revisedQueueSize, 1);
  const greedy = await watching(bench, { queueSize: 4000000000 });
  assert.ok(greedy.item.revisedQueueSize >= 10 && greedy.item.revisedQueueSize <= 100000);
});
