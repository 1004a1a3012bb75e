// Browse, BrowseNext and TranslateBrowsePathsToNodeIds (OPC 10000-4 section 5.9).
"use strict";

const { assert, check } = require("./harness");
const { resolveNodeId } = require("node-opcua-client");

const OBJECTS = "i=85";
const SERVER = "i=2253";
const MASK = { referenceTypeId: 1, isForward: 2, nodeClass: 4, browseName: 8, displayName: 16, typeDefinition: 32 };

function names(result) {
  return (result.references || []).map((one) => one.nodeId.toString());
}

function next(session, points, release = false) {
  return session.ask("BrowseNext", { releaseContinuationPoints: release, continuationPoints: points });
}

async function rest(session, first) {
  const found = [...names(first)];
  let point = first.continuationPoint;
  for (let pages = 0; point && point.length; pages += 1) {
    assert.ok(pages < 1000, "continuation points without end");
    const [result] = (await next(session, [point])).results;
    assert.equal(result.statusCode.name, "Good");
    found.push(...names(result));
    point = result.continuationPoint;
  }
  return found;
}

check.brief("the analysers are found from the Objects folder", async (bench) => {
  const session = await bench.session();
  const node = await session.follow(
    OBJECTS,
    `2:Analysers/2:${bench.device}/2:I1/2:Value`.replaceAll("2:", `${bench.setup.namespace}:`),
  );
  assert.equal(node.toString(), bench.node("I1/Value"));
});

check("units and ranges are found at a value", async (bench) => {
  const session = await bench.session();
  const node = bench.node("I1/Value");
  const range = await session.value((await session.follow(node, "0:EURange")).toString());
  assert.deepEqual([range.low, range.high], [0, 25]);
  const unit = await session.value((await session.follow(node, "0:EngineeringUnits")).toString());
  assert.equal(unit.unitId, 20529); // UNECE P1, per cent
  assert.equal(unit.namespaceUri, "http://www.opcfoundation.org/UA/units/un/cefact");
  assert.equal(unit.displayName.text, "%");
  const type = (await session.browse(node, { referenceTypeId: resolveNodeId("i=40"), includeSubtypes: false }))
    .references[0];
  assert.ok(["i=17570", "ns=0;i=17570"].includes(type.nodeId.toString()), `${type.nodeId}`); // AnalogUnitRangeType
});

check("Browse returns no more than asked for", async (bench) => {
  const session = await bench.session();
  const result = await session.browse(SERVER, {}, 3);
  assert.equal(result.statusCode.name, "Good");
  assert.equal(result.references.length, 3);
  assert.ok(result.continuationPoint && result.continuationPoint.length > 0);
});

check("BrowseNext returns the rest", async (bench) => {
  const session = await bench.session();
  const whole = names(await session.browse(SERVER));
  for (const page of [1, 3, whole.length - 1, whole.length, whole.length + 1]) {
    const first = await session.browse(SERVER, {}, page);
    assert.equal(
      Boolean(first.continuationPoint && first.continuationPoint.length),
      page < whole.length,
      `page ${page}`,
    );
    assert.deepEqual(await rest(session, first), whole);
  }
});

check("a released continuation point is gone", async (bench) => {
  const session = await bench.session();
  const { continuationPoint } = await session.browse(SERVER, {}, 2);
  assert.deepEqual((await next(session, [continuationPoint], true)).results || [], []);
  const [again] = (await next(session, [continuationPoint])).results;
  assert.equal(again.statusCode.name, "BadContinuationPointInvalid");
});

check("a used continuation point is gone", async (bench) => {
  const session = await bench.session();
  const { continuationPoint } = await session.browse(SERVER, {}, 2);
  const [one] = (await next(session, [continuationPoint])).results;
  assert.equal(one.statusCode.name, "Good");
  if (one.continuationPoint && one.continuationPoint.equals(continuationPoint)) return; // the server may keep its name
  const [again] = (await next(session, [continuationPoint])).results;
  assert.equal(again.statusCode.name, "BadContinuationPointInvalid");
});

check("an invented continuation point is refused", async (bench) => {
  const session = await bench.session();
  const { results } = await next(session, [Buffer.from("invented"), Buffer.alloc(0), Buffer.alloc(16)]);
  for (const one of results) assert.equal(one.statusCode.name, "BadContinuationPointInvalid");
});

check("another session's continuation point is refused", async (bench) => {
  const [one, other] = [await bench.session(), await bench.session({ role: "second" })];
  const { continuationPoint } = await one.browse(SERVER, {}, 2);
  const [stolen] = (await next(other, [continuationPoint])).results;
  assert.equal(stolen.statusCode.name, "BadContinuationPointInvalid");
  const [own] = (await next(one, [continuationPoint])).results;
  assert.equal(own.statusCode.name, "Good");
});

check("continuation points are limited as announced", async (bench) => {
  const session = await bench.session();
  const most = await session.value("i=2735");
  assert.ok(most > 0 && most < 10000, `MaxBrowseContinuationPoints ${most}`);
  const description = {
    nodeId: resolveNodeId(SERVER),
    browseDirection: 0,
    referenceTypeId: resolveNodeId("i=33"),
    includeSubtypes: true,
    nodeClassMask: 0,
    resultMask: 63,
  };
  const nodesToBrowse = new Array(most + 1).fill(description);
  const { results } = await session.ask("Browse", { requestedMaxReferencesPerNode: 1, nodesToBrowse });
  assert.equal(results.filter((one) => one.statusCode.name === "Good").length, most);
  assert.equal(results[most].statusCode.name, "BadNoContinuationPoints");
  const points = results.slice(0, most).map((one) => one.continuationPoint);
  await next(session, points, true);
  assert.ok((await session.browse(SERVER, {}, 1)).continuationPoint.length > 0);
});

check("BrowseNext of nothing is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("BrowseNext", { releaseContinuationPoints: false, continuationPoints: [] }, "BadNothingToDo");
});

check("Browse of nothing is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Browse", { requestedMaxReferencesPerNode: 0, nodesToBrowse: [] }, "BadNothingToDo");
});

const givesAlone = (field) => async (bench) => {
  const session = await bench.session();
  const [reference] = (await session.browse(OBJECTS, { resultMask: MASK[field] })).references;
  const given = {
    referenceTypeId: !reference.referenceTypeId.isEmpty(),
    isForward: reference.isForward,
    nodeClass: reference.nodeClass !== 0,
    browseName: Boolean(reference.browseName.name),
    displayName: Boolean(reference.displayName.text),
    typeDefinition: !reference.typeDefinition.isEmpty(),
  };
  assert.deepEqual(given, Object.fromEntries(Object.keys(MASK).map((one) => [one, one === field])));
  assert.ok(!reference.nodeId.isEmpty());
};

check("ResultMask referenceTypeId gives that field alone", givesAlone("referenceTypeId"));
check("ResultMask isForward gives that field alone", givesAlone("isForward"));
check("ResultMask nodeClass gives that field alone", givesAlone("nodeClass"));
check("ResultMask browseName gives that field alone", givesAlone("browseName"));
check("ResultMask displayName gives that field alone", givesAlone("displayName"));
check("ResultMask typeDefinition gives that field alone", givesAlone("typeDefinition"));

check("NodeClassMask selects classes", async (bench) => {
  const session = await bench.session();
  const all = (await session.browse(SERVER)).references;
  for (const mask of [1, 2, 4]) {
    const some = (await session.browse(SERVER, { nodeClassMask: mask })).references || [];
    assert.deepEqual(
      some.map((one) => one.nodeClass),
      all.filter((one) => one.nodeClass & mask).map((one) => one.nodeClass),
    );
  }
});

check("references are followed backwards", async (bench) => {
  const session = await bench.session();
  const back = await session.browse(bench.node("I1/Value"), { browseDirection: 1 });
  assert.deepEqual(back.references.map((one) => one.nodeId.toString()).includes(bench.node("I1")), true);
  assert.ok(back.references.every((one) => !one.isForward));
  const both = await session.browse(bench.node("I1/Value"), { browseDirection: 2 });
  assert.ok(both.references.some((one) => one.isForward) && both.references.some((one) => !one.isForward));
});

check("reference types are selected with and without subtypes", async (bench) => {
  const session = await bench.session();
  const node = bench.node("I1/Value");
  const aggregates = { referenceTypeId: resolveNodeId("i=44") };
  const narrow = await session.browse(node, { ...aggregates, includeSubtypes: false });
  assert.equal((narrow.references || []).length, 0);
  const wide = await session.browse(node, { ...aggregates, includeSubtypes: true });
  assert.ok(wide.references.every((one) => one.referenceTypeId.value === 46)); // HasProperty
  assert.ok(wide.references.length >= 2);
});

check("Browse refuses what it cannot browse", async (bench) => {
  const session = await bench.session();
  assert.equal((await session.browse("ns=2;s=nothing")).statusCode.name, "BadNodeIdUnknown");
  assert.equal(
    (await session.browse(OBJECTS, { referenceTypeId: resolveNodeId("i=85") })).statusCode.name,
    "BadReferenceTypeIdInvalid",
  );
  assert.equal((await session.browse(OBJECTS, { browseDirection: 3 })).statusCode.name, "BadBrowseDirectionInvalid");
});

check("unknown views are refused", async (bench) => {
  const session = await bench.session();
  const nodesToBrowse = [{ nodeId: resolveNodeId(OBJECTS), browseDirection: 0, resultMask: 63 }];
  const view = { viewId: resolveNodeId("ns=2;s=no view") };
  await session.refused("Browse", { view, requestedMaxReferencesPerNode: 0, nodesToBrowse }, "BadViewIdUnknown");
});

check("every reference leads to a node that is there", async (bench) => {
  const session = await bench.session();
  for (const level of await session.levels("i=84", 5000)) {
    const classes = await session.readAll(
      level.map((one) => one.nodeId),
      "NodeClass",
    );
    level.forEach((one, n) => assert.equal(classes[n].value.value, one.nodeClass, `${one.nodeId}`));
  }
});

function translate(session, startingNode, elements) {
  const browsePaths = [{ startingNode: resolveNodeId(startingNode), relativePath: { elements } }];
  return session.ask("TranslateBrowsePathsToNodeIds", { browsePaths }).then(({ results }) => results[0]);
}

const element = (name, more = {}) => ({
  referenceTypeId: resolveNodeId("i=33"),
  includeSubtypes: true,
  isInverse: false,
  targetName: { namespaceIndex: 0, name },
  ...more,
});

check("a browse path that leads nowhere has no match", async (bench) => {
  const session = await bench.session();
  const found = await translate(session, OBJECTS, [element("Server"), element("Nonsense")]);
  assert.equal(found.statusCode.name, "BadNoMatch");
  assert.equal((found.targets || []).length, 0);
});

check("a browse path without elements is refused", async (bench) => {
  const session = await bench.session();
  assert.equal((await translate(session, OBJECTS, [])).statusCode.name, "BadNothingToDo");
});

check("a browse path without a name is refused", async (bench) => {
  const session = await bench.session();
  assert.equal((await translate(session, OBJECTS, [element(null)])).statusCode.name, "BadBrowseNameInvalid");
});

check("a browse path from nowhere is refused", async (bench) => {
  const session = await bench.session();
  assert.equal((await translate(session, "ns=2;s=nothing", [element("Server")])).statusCode.name, "BadNodeIdUnknown");
});

check("browse paths lead backwards too", async (bench) => {
  const session = await bench.session();
  const found = await translate(session, SERVER, [element("Objects", { isInverse: true })]);
  assert.equal(found.statusCode.name, "Good");
  assert.equal(found.targets[0].targetId.value, 85);
  assert.equal(found.targets[0].remainingPathIndex, 0xffffffff);
});

check("no browse paths are refused", async (bench) => {
  const session = await bench.session();
  await session.refused("TranslateBrowsePathsToNodeIds", { browsePaths: [] }, "BadNothingToDo");
});
