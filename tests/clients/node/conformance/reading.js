// Read (OPC 10000-4 section 5.11.2).
"use strict";

const { assert, check } = require("./harness");
const { AttributeIds, DataType, resolveNodeId } = require("node-opcua-client");
const { NumericRange } = require("node-opcua-numeric-range");

const STATE = "i=2259";

const NAMESPACES = "i=2255";

const STATUS = "i=2256";

const { Value } = AttributeIds;

async function status(session, nodeId, more) {
  return (await session.read(nodeId, "Value", more)).statusCode.name;
}

check.brief("values carry the acquisition time", async (bench) => {
  const session = await bench.session();
  const { stamps } = await bench.play([{ "I1/Value": [12.5, "good"] }]);
  const found = await session.read(bench.node("I1/Value"));
  assert.equal(found.value.value, 12.5);
  assert.equal(found.value.dataType, DataType.Double);
  assert.equal(found.statusCode.name, "Good");
  const us = found.sourceTimestamp.getTime() * 1000 + Math.round((found.sourcePicoseconds || 0) / 1e6);
  assert.equal(Math.floor(us / 1000), Math.floor(stamps[0] / 1000));
  assert.ok(found.serverTimestamp);
});

check("text, flags and counters have their types", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Name": ["Oxygen", "good"], "I1/Fault": [true, "good"], "Status/Tick": [7, "good"] }]);
  assert.equal(await session.value(bench.node("I1/Name")), "Oxygen");
  assert.equal(await session.value(bench.node("I1/Fault")), true);
  const tick = await session.read(bench.node("Status/Tick"));
  assert.equal(tick.value.dataType, DataType.Int64);
  assert.deepEqual([...tick.value.value], [0, 7]);
});

check("an uncertain value is shown with its status", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [3.5, "stale"] }]);
  const found = await session.read(bench.node("I1/Value"));
  assert.equal(found.statusCode.name, "UncertainLastUsableValue");
  assert.equal(found.value.value, 3.5);
});

check("a bad value has no value", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [3.5, "communication-lost"] }]);
  const found = await session.read(bench.node("I1/Value"));
  assert.equal(found.statusCode.name, "BadNoCommunication");
  assert.ok(!found.value || found.value.value === null);
});

const timestamps = (number, source, server) => async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [1.5, "good"] }]);
  for (const nodeId of [bench.node("I1/Value"), STATE]) {
    const nodesToRead = [{ nodeId: resolveNodeId(nodeId), attributeId: Value }];
    const { results } = await session.ask("Read", { nodesToRead, timestampsToReturn: number });
    assert.equal(Boolean(results[0].sourceTimestamp), source, `${nodeId} source`);
    assert.equal(Boolean(results[0].serverTimestamp), server, `${nodeId} server`);
  }
};

check("TimestampsToReturn Source", timestamps(0, true, false));

check("TimestampsToReturn Server", timestamps(1, false, true));

check("TimestampsToReturn Both", timestamps(2, true, true));

check("TimestampsToReturn Neither", timestamps(3, false, false));

check("invalid TimestampsToReturn is refused", async (bench) => {
  const session = await bench.session();
  const nodesToRead = [{ nodeId: resolveNodeId(STATE), attributeId: Value }];
  await session.refused("Read", { nodesToRead, timestampsToReturn: 4 }, "BadTimestampsToReturnInvalid");
});

check("a negative MaxAge is refused", async (bench) => {
  const session = await bench.session();
  const nodesToRead = [{ nodeId: resolveNodeId(STATE), attributeId: Value }];
  await session.refused("Read", { nodesToRead, maxAge: -1, timestampsToReturn: 2 }, "BadMaxAgeInvalid");
  const { results } = await session.ask("Read", { nodesToRead, maxAge: 5000, timestampsToReturn: 2 });
  assert.equal(results[0].statusCode.name, "Good");
});

check("a Read of nothing is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Read", { nodesToRead: [], timestampsToReturn: 2 }, "BadNothingToDo");
});

check("a Read of too much is refused", async (bench) => {
  const session = await bench.session();
  const most = await session.value("i=11705");
  assert.ok(most >= 100 && most <= 100000, `MaxNodesPerRead ${most}`);
  const nodesToRead = new Array(most + 1).fill({ nodeId: resolveNodeId(STATE), attributeId: Value });
  await session.refused("Read", { nodesToRead, timestampsToReturn: 2 }, "BadTooManyOperations");
});

check("unknown nodes and attributes are told apart", async (bench) => {
  const session = await bench.session();
  assert.equal(await status(session, "ns=2;s=nothing/here"), "BadNodeIdUnknown");
  assert.equal(await status(session, "i=85"), "BadAttributeIdInvalid"); // an object has no Value
  assert.equal((await session.read(STATE, "EventNotifier")).statusCode.name, "BadAttributeIdInvalid");
});

check("every operation has its own result", async (bench) => {
  const session = await bench.session();
  const nodesToRead = ["i=2259", "ns=2;s=nothing", "i=2258"].map((one) => ({
    nodeId: resolveNodeId(one),
    attributeId: Value,
  }));
  const { results } = await session.ask("Read", { nodesToRead, timestampsToReturn: 2 });
  assert.deepEqual(
    results.map((one) => one.statusCode.name),
    ["Good", "BadNodeIdUnknown", "Good"],
  );
});

check("IndexRange takes one element", async (bench) => {
  const session = await bench.session();
  const all = await session.value(NAMESPACES);
  const found = await session.read(NAMESPACES, "Value", { indexRange: new NumericRange("1") });
  assert.equal(found.statusCode.name, "Good");
  assert.deepEqual([...found.value.value], [all[1]]);
});

check("IndexRange takes a part", async (bench) => {
  const session = await bench.session();
  const all = await session.value(NAMESPACES);
  const found = await session.read(NAMESPACES, "Value", { indexRange: new NumericRange("0:1") });
  assert.deepEqual([...found.value.value], all.slice(0, 2));
  const beyond = await session.read(NAMESPACES, "Value", { indexRange: new NumericRange("1:1000") });
  assert.equal(beyond.statusCode.name, "Good");
  assert.deepEqual([...beyond.value.value], all.slice(1));
});

check("IndexRange beyond the array has no data", async (bench) => {
  const session = await bench.session();
  assert.equal(await status(session, NAMESPACES, { indexRange: new NumericRange("1000:1001") }), "BadIndexRangeNoData");
});

check("IndexRange takes a part of a text", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Name": ["Oxygen", "good"] }]);
  const found = await session.read(bench.node("I1/Name"), "Value", { indexRange: new NumericRange("2:3") });
  assert.equal(found.statusCode.name, "Good");
  assert.equal(found.value.value, "yg");
});

check("IndexRange of a number is refused", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [1.5, "good"] }]);
  const answer = await status(session, bench.node("I1/Value"), { indexRange: new NumericRange("0:1") });
  assert.ok(["BadIndexRangeNoData", "BadIndexRangeInvalid", "BadIndexRangeDataMismatch"].includes(answer), answer);
});

check("IndexRange of an attribute that is no array is refused", async (bench) => {
  const session = await bench.session();
  const found = await session.read("i=85", "NodeClass", { indexRange: new NumericRange("0:1") });
  assert.ok(found.statusCode.name.startsWith("BadIndexRange"), found.statusCode.name);
});

check("malformed IndexRange is refused", async (bench) => {
  const session = await bench.session();
  for (const text of ["5:2", "3:3", "a", "-1"]) {
    const indexRange = new NumericRange();
    Object.assign(indexRange, { type: 6, value: text, toEncodeableString: () => text });
    assert.equal(await status(session, NAMESPACES, { indexRange }), "BadIndexRangeInvalid", text);
  }
});

check("DataEncoding is for structures", async (bench) => {
  const session = await bench.session();
  const encoded = (name, namespaceIndex = 0) => ({ dataEncoding: { namespaceIndex, name } });
  assert.equal(await status(session, STATE, encoded("Default Binary")), "BadDataEncodingInvalid");
  assert.equal(await status(session, STATUS, encoded("Default Binary")), "Good");
});

check("unknown DataEncoding is refused", async (bench) => {
  const session = await bench.session();
  const answer = await status(session, STATUS, { dataEncoding: { namespaceIndex: 1, name: "Default Nonsense" } });
  assert.ok(["BadDataEncodingUnsupported", "BadDataEncodingInvalid"].includes(answer), answer);
  const xml = await status(session, STATUS, { dataEncoding: { namespaceIndex: 0, name: "Default XML" } });
  assert.equal(xml, "BadDataEncodingUnsupported");
});

check("DataEncoding is for the Value attribute", async (bench) => {
  const session = await bench.session();
  const found = await session.read(STATUS, "DisplayName", {
    dataEncoding: { namespaceIndex: 0, name: "Default Binary" },
  });
  assert.equal(found.statusCode.name, "BadDataEncodingInvalid");
});

check("every attribute of a variable can be read", async (bench) => {
  const session = await bench.session();
  const node = bench.node("I1/Value");
  const wanted = [
    "NodeId",
    "NodeClass",
    "BrowseName",
    "DisplayName",
    "Description",
    "DataType",
    "ValueRank",
    "AccessLevel",
    "UserAccessLevel",
    "MinimumSamplingInterval",
    "Historizing",
  ];
  for (const attribute of wanted) await session.value(node, attribute);
  assert.equal(await session.value(node, "ValueRank"), -1);
  assert.equal(await session.value(node, "Historizing"), false);
});

check("AccessLevel allows reading alone", async (bench) => {
  const session = await bench.session();
  for (const path of ["I1/Value", "I1/Name", "Status/Tick"]) {
    assert.equal(await session.value(bench.node(path), "AccessLevel"), 1);
    assert.equal(await session.value(bench.node(path), "UserAccessLevel"), 1);
  }
});

check("what may not be read is not read", async (bench) => {
  const session = await bench.session();
  const secret = "i=3708"; // SessionSecurityDiagnosticsArray
  assert.equal((await session.value(secret, "AccessLevel")) & 1, 1);
  assert.equal((await session.value(secret, "UserAccessLevel")) & 1, 0);
  assert.equal(await status(session, secret), "BadUserAccessDenied");
});
