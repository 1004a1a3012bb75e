// An item on a value that is played, already reporting.
"use strict";

const { Subscriber } = require("./harness");

const steps = (values) => values.map((value) => ({ "I1/Value": [value, "good"] }));

const count = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function watching(bench, parameters = {}, options = {}) {
  const session = await bench.session();
  await bench.play(steps([0]));
  const subscriber = (await Subscriber.create(session, options)).listen();
  const item = await subscriber.item(bench.node("I1/Value"), parameters);
  await subscriber.untilValues(1);
  return { session, subscriber, item };
}

module.exports = { count, steps, watching };
