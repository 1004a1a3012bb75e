// DataChangeFilter: deadbands and triggers (OPC 10000-4 sections 7.22.2 and 5.13.1, OPC 10000-8 section 6.2).
"use strict";

const { Subscriber, assert, check, types } = require("./harness");

const STATUS = 0;
const STATUS_VALUE = 1;
const STATUS_VALUE_TIMESTAMP = 2;
const [NONE, ABSOLUTE, PERCENT] = [0, 1, 2];

function filter(deadbandType, deadbandValue, trigger = STATUS_VALUE) {
  return new types.DataChangeFilter({ trigger, deadbandType, deadbandValue });
}

const steps = (values, path = "I1/Value") =>
  values.map((value) => ({ [path]: Array.isArray(value) ? value : [value, "good"] }));

// Everything that an item on I1/Value reports of these values, up to the first that is equal to the last.
async function reported(bench, given, parameters, path = "I1/Value") {
  const session = await bench.session();
  const [first, ...others] = steps(given, path);
  await bench.play([first]);
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node(path), parameters);
  await subscriber.untilValues(1);
  await bench.play(others);
  const last = given.at(-1);
  const end = Array.isArray(last) ? last[0] : last;
  await subscriber.until(({ values }) => values.length > 1 && values.at(-1).value === end, `the last value ${end}`);
  return subscriber.values;
}

const ramp = Array.from({ length: 41 }, (_, n) => n * 0.5);

check("an absolute deadband compares with the last report", async (bench) => {
  const seen = await reported(bench, [...ramp, 1000], { filter: filter(ABSOLUTE, 1.0) });
  assert.deepEqual(
    seen.map((one) => one.value),
    [...Array.from({ length: 14 }, (_, n) => n * 1.5), 1000],
  );
});

check("a percent deadband is one of EURange", async (bench) => {
  const seen = await reported(bench, [...ramp, 1000], { filter: filter(PERCENT, 4.0) }); // 4 % of 0 to 25
  assert.deepEqual(
    seen.map((one) => one.value),
    [...Array.from({ length: 14 }, (_, n) => n * 1.5), 1000],
  );
});

check("a change of exactly the deadband is not reported", async (bench) => {
  const seen = await reported(bench, [10, 11, 9, 11.25, 1000], { filter: filter(ABSOLUTE, 1.0) });
  assert.deepEqual(
    seen.map((one) => one.value),
    [10, 11.25, 1000],
  );
});

const statusesPass = (type, width) => async (bench) => {
  const states = ["good", "stale", "communication-lost", "good", "channel-fault", "warming-up", "good"];
  const session = await bench.session();
  await bench.play(steps([[5, states[0]]]));
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"), { filter: filter(type, width) });
  await subscriber.untilValues(1);
  await bench.play(steps(states.slice(1).map((state) => [5, state])));
  await subscriber.untilValues(states.length);
  assert.deepEqual(
    subscriber.values.map((one) => one.status),
    [
      "Good",
      "UncertainLastUsableValue",
      "BadNoCommunication",
      "Good",
      "BadSensorFailure",
      "UncertainSensorNotAccurate",
      "Good",
    ],
  );
  assert.deepEqual(
    subscriber.values.map((one) => one.value),
    [5, 5, null, 5, null, 5, 5],
  );
};

check("an absolute deadband lets every change of status through", statusesPass(ABSOLUTE, 1000));
check("a percent deadband lets every change of status through", statusesPass(PERCENT, 100));

check("trigger Status reports changes of status alone", async (bench) => {
  const given = [1, 2, 3, [4, "stale"], [5, "stale"], [6, "good"], 7, [8, "warming-up"]];
  const seen = await reported(bench, given, { filter: filter(NONE, 0, STATUS) });
  assert.deepEqual(
    seen.map((one) => one.value),
    [1, 4, 6, 8],
  );
});

check("trigger StatusValue leaves equal values out", async (bench) => {
  const seen = await reported(bench, [1, 1, 1, 2, 2, 3], { filter: filter(NONE, 0, STATUS_VALUE) });
  assert.deepEqual(
    seen.map((one) => one.value),
    [1, 2, 3],
  );
});

check("without a filter equal values are left out", async (bench) => {
  const seen = await reported(bench, [1, 1, 2, 2, 3], {});
  assert.deepEqual(
    seen.map((one) => one.value),
    [1, 2, 3],
  );
});

check("trigger StatusValueTimestamp reports equal values with a new time", async (bench) => {
  const seen = await reported(bench, [1, 1, 1, 2], { filter: filter(NONE, 0, STATUS_VALUE_TIMESTAMP) });
  assert.deepEqual(
    seen.map((one) => one.value),
    [1, 1, 1, 2],
  );
  const times = seen.map((one) => one.source);
  assert.equal(new Set(times).size, 4);
});

check("a deadband works with trigger StatusValueTimestamp", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const result = await subscriber.tryItem(bench.node("I1/Value"), {
    filter: filter(ABSOLUTE, 1, STATUS_VALUE_TIMESTAMP),
  });
  assert.ok(
    ["Good", "BadDeadbandFilterInvalid", "BadFilterNotAllowed"].includes(result.statusCode.name),
    result.statusCode.name,
  );
});

check("counters have deadbands too", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "Status/Tick": [0, "good"] }]);
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("Status/Tick"), { filter: filter(ABSOLUTE, 2) });
  await subscriber.untilValues(1);
  await bench.play(Array.from({ length: 10 }, (_, n) => ({ "Status/Tick": [n + 1, "good"] })));
  await subscriber.untilValues(4);
  assert.deepEqual(
    subscriber.values.map((one) => one.value[1]),
    [0, 3, 6, 9],
  );
});

check("texts and flags have no deadband", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  for (const path of ["I1/Name", "I1/Fault"]) {
    const result = await subscriber.tryItem(bench.node(path), { filter: filter(ABSOLUTE, 1) });
    assert.equal(result.statusCode.name, "BadFilterNotAllowed", path);
  }
});

check("a percent deadband needs a range", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  for (const [path, type, width] of [
    ["I3/Value", PERCENT, 1],
    ["I1/Value", PERCENT, 101],
    ["I1/Value", PERCENT, -1],
    ["I1/Value", ABSOLUTE, -1],
    ["I1/Value", ABSOLUTE, NaN],
  ]) {
    const result = await subscriber.tryItem(bench.node(path), { filter: filter(type, width) });
    assert.equal(result.statusCode.name, "BadDeadbandFilterInvalid", `${path} ${type} ${width}`);
  }
});

check("unknown kinds of deadband are refused", async (bench) => {
  const session = await bench.session();
  const subscriber = await Subscriber.create(session);
  const result = await subscriber.tryItem(bench.node("I1/Value"), { filter: filter(7, 1) });
  assert.ok(
    ["BadDeadbandFilterInvalid", "BadMonitoredItemFilterInvalid", "BadMonitoredItemFilterUnsupported"].includes(
      result.statusCode.name,
    ),
  );
});

check("a modified deadband holds from then on", async (bench) => {
  const session = await bench.session();
  await bench.play(steps([0]));
  const subscriber = (await Subscriber.create(session)).listen();
  const item = await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  const { results } = await session.ask("ModifyMonitoredItems", {
    subscriptionId: subscriber.id,
    timestampsToReturn: 2,
    itemsToModify: [
      {
        monitoredItemId: item.id,
        requestedParameters: {
          clientHandle: item.handle,
          samplingInterval: 0,
          queueSize: 100,
          discardOldest: true,
          filter: filter(ABSOLUTE, 2),
        },
      },
    ],
  });
  assert.equal(results[0].statusCode.name, "Good");
  await bench.play(steps([1, 2, 2.5, 50]));
  await subscriber.until(({ values }) => values.at(-1).value === 50, "50");
  assert.deepEqual(
    subscriber.values.map((one) => one.value).filter((value, n, all) => n === 0 || value !== all[n - 1]),
    [0, 2.5, 50],
  );
});
