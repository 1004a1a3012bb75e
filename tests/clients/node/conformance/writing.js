// Write, RegisterNodes, and the services that are not offered (OPC 10000-4 sections 5.8 to 5.11).
"use strict";

const { assert, check, types } = require("./harness");
const { AttributeIds, DataType, Variant, resolveNodeId } = require("node-opcua-client");

const STATE = "i=2259";

const { Value } = AttributeIds;

function write(nodeId, value, attributeId = Value, indexRange = undefined) {
  return { nodeId: resolveNodeId(nodeId), attributeId, indexRange, value: { value: new Variant(value) } };
}

check("a value cannot be written", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [1.5, "good"] }]);
  const nodesToWrite = [
    write(bench.node("I1/Value"), { dataType: DataType.Double, value: 9.5 }),
    write("i=2267", { dataType: DataType.Byte, value: 1 }),
    write(bench.node("I1/Value"), { dataType: DataType.LocalizedText, value: { text: "x" } }, AttributeIds.DisplayName),
  ];
  const { results } = await session.ask("Write", { nodesToWrite });
  for (const one of results) assert.ok(["BadNotWritable", "BadUserAccessDenied"].includes(one.name), one.name);
  assert.equal(await session.value(bench.node("I1/Value")), 1.5);
});

check("an unknown node cannot be written", async (bench) => {
  const session = await bench.session();
  const nodesToWrite = [write("ns=2;s=nothing", { dataType: DataType.Double, value: 9.5 })];
  assert.deepEqual(
    (await session.ask("Write", { nodesToWrite })).results.map((one) => one.name),
    ["BadNodeIdUnknown"],
  );
});

check("a Write of nothing is refused", async (bench) => {
  const session = await bench.session();
  await session.refused("Write", { nodesToWrite: [] }, "BadNothingToDo");
});

check("registered nodes can be used", async (bench) => {
  const session = await bench.session();
  await bench.play([{ "I1/Value": [4.5, "good"] }]);
  const asked = [bench.node("I1/Value"), STATE].map((one) => resolveNodeId(one));
  const { registeredNodeIds } = await session.ask("RegisterNodes", { nodesToRegister: asked });
  assert.equal(registeredNodeIds.length, 2);
  assert.equal(await session.value(registeredNodeIds[0].toString()), 4.5);
  await session.ask("UnregisterNodes", { nodesToUnregister: registeredNodeIds });
  await session.refused("RegisterNodes", { nodesToRegister: [] }, "BadNothingToDo");
});

check("what is not offered is said to be unsupported", async (bench) => {
  const session = await bench.session();
  const item = {
    parentNodeId: "i=85",
    referenceTypeId: "i=35",
    browseName: { name: "x" },
    nodeClass: 1,
    typeDefinition: "i=58",
  };
  const unsupported = ["BadServiceUnsupported", "BadUserAccessDenied"];
  await session.refused("AddNodes", { nodesToAdd: [item] }, ...unsupported);
  await session.refused(
    "DeleteNodes",
    { nodesToDelete: [{ nodeId: "i=85", deleteTargetReferences: true }] },
    ...unsupported,
  );
  await session.refused(
    "AddReferences",
    {
      referencesToAdd: [
        { sourceNodeId: "i=85", referenceTypeId: "i=35", isForward: true, targetNodeId: "i=2253", targetNodeClass: 1 },
      ],
    },
    ...unsupported,
  );
  assert.equal(
    (await session.browse("i=85")).references.some((one) => one.browseName.name === "x"),
    false,
  );
});

check("queries are unsupported", async (bench) => {
  const session = await bench.session();
  await session.refused(
    "QueryFirst",
    { nodeTypes: [], view: {}, maxDataSetsToReturn: 0, maxReferencesToReturn: 0 },
    "BadServiceUnsupported",
  );
});

check("there is no history", async (bench) => {
  const session = await bench.session();
  const historyReadDetails = new types.ReadRawModifiedDetails({
    isReadModified: false,
    startTime: new Date(0),
    endTime: new Date(),
    numValuesPerNode: 10,
    returnBounds: false,
  });
  const nodesToRead = [{ nodeId: resolveNodeId(bench.node("I1/Value")) }];
  let response;
  try {
    response = await session.ask("HistoryRead", { historyReadDetails, timestampsToReturn: 2, nodesToRead });
  } catch (error) {
    assert.ok(["BadServiceUnsupported", "BadHistoryOperationUnsupported"].includes(error.status), error.message);
    return;
  }
  assert.equal(response.results[0].statusCode.name, "BadHistoryOperationUnsupported");
});
