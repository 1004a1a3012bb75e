// The companion models: DI (OPC 10000-100), PA-DIM (OPC 30081), ADI (OPC 10020). Nodes are found by type, not by name.
"use strict";

const { Subscriber, assert, check } = require("./harness");
const { resolveNodeId } = require("node-opcua-client");

const OBJECTS = "i=85";
const DI = "http://opcfoundation.org/UA/DI/";
const PADIM = "http://opcfoundation.org/UA/PADIM/";
const ADI = "http://opcfoundation.org/UA/ADI/";

async function indexOf(session, uri) {
  const index = (await session.value("i=2255")).indexOf(uri);
  assert.ok(index > 0, `${uri} is no namespace`);
  return index;
}

async function children(session, nodeId) {
  const found = (await session.browse(String(nodeId))).references || [];
  return Object.fromEntries(found.map((one) => [one.browseName.name, one]));
}

// The device of an analyser in the DeviceSet, by its ComponentName.
async function device(bench, session, model) {
  const di = await indexOf(session, DI);
  const set = await session.follow(OBJECTS, `${di}:DeviceSet`);
  for (const one of Object.values(await children(session, set))) {
    const parts = await children(session, one.nodeId);
    if (!parts.ComponentName) continue;
    if ((await session.value(String(parts.ComponentName.nodeId))).text === bench.setup.models[model])
      return { ...one, parts, di };
  }
  throw new Error(`${bench.setup.models[model]} is not in the DeviceSet`);
}

// Whether a type is another, or a subtype of it.
async function isA(session, type, wanted) {
  for (let at = String(type); at;) {
    if (at === String(resolveNodeId(wanted))) return true;
    const above = await session.browse(at, { browseDirection: 1, referenceTypeId: resolveNodeId("i=45") });
    at = above.references && above.references.length ? String(above.references[0].nodeId) : "";
  }
  return false;
}

check("the DeviceSet has its official place", async (bench) => {
  const session = await bench.session();
  const di = await indexOf(session, DI);
  assert.equal(String(await session.follow(OBJECTS, `${di}:DeviceSet`)), `ns=${di};i=5001`);
});

check("an analyser is a PA-DIM process analyser", async (bench) => {
  const session = await bench.session();
  const found = await device(bench, session, "padim");
  const padim = await indexOf(session, PADIM);
  assert.ok(await isA(session, found.typeDefinition, `ns=${padim};i=1082`), `${found.typeDefinition}`);
  assert.ok(await isA(session, found.typeDefinition, "i=58"));
});

check("a PA-DIM device has what every one must have", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "padim");
  for (const name of [
    "Manufacturer",
    "ManufacturerUri",
    "Model",
    "SerialNumber",
    "SoftwareRevision",
    "HardwareRevision",
    "ProductCode",
    "ProductInstanceUri",
    "AssetId",
    "RevisionCounter",
    "DeviceHealth",
  ]) {
    assert.ok(parts[name], `${name} is missing`);
  }
  assert.equal((await session.value(String(parts.Manufacturer.nodeId))).text, "Servomex");
});

check("what nobody knows is not invented", async (bench) => {
  const session = await bench.session();
  for (const model of ["padim", "adi"]) {
    const { parts } = await device(bench, session, model);
    const found = await session.read(String(parts.SerialNumber.nodeId));
    assert.notEqual(found.statusCode.name, "Good");
    assert.ok(!found.value || !found.value.value);
  }
});

check("a PA-DIM signal is typed and shows the value", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "padim");
  const padim = await indexOf(session, PADIM);
  const signals = await children(session, parts.SignalSet.nodeId);
  assert.ok(await isA(session, signals.I1.typeDefinition, `ns=${padim};i=1075`)); // ParamagneticSignalType
  assert.ok(await isA(session, signals.I2.typeDefinition, `ns=${padim};i=1071`)); // NonDispersiveInfraredSignalType
  const signal = await children(session, signals.I1.nodeId);
  const plain = await session.read(`ns=${bench.setup.namespace};s=${bench.setup.models.padim}/I1/Value`);
  const shown = await session.read(String(signal.AnalogSignal.nodeId));
  assert.equal(shown.statusCode.name, plain.statusCode.name);
  assert.equal(shown.value.value, plain.value.value);
  const analog = await children(session, signal.AnalogSignal.nodeId);
  assert.ok(analog.EURange && analog.EngineeringUnits);
});

check("device health is an enumeration of NE 107", async (bench) => {
  const session = await bench.session();
  for (const model of ["padim", "adi"]) {
    const { parts, di } = await device(bench, session, model);
    const node = String(parts.DeviceHealth.nodeId);
    assert.equal(await session.value(node), 0); // NORMAL
    assert.equal(String(await session.value(node, "DataType")), `ns=${di};i=6244`);
  }
});

check("an analyser is an ADI analyser device", async (bench) => {
  const session = await bench.session();
  const found = await device(bench, session, "adi");
  const adi = await indexOf(session, ADI);
  assert.ok(await isA(session, found.typeDefinition, `ns=${adi};i=1001`), `${found.typeDefinition}`);
  assert.ok(await isA(session, found.typeDefinition, `ns=${found.di};i=1002`), "no DI DeviceType");
  for (const name of [
    "MethodSet",
    "ParameterSet",
    "Identification",
    "Configuration",
    "Status",
    "FactorySettings",
    "AnalyserStateMachine",
  ]) {
    assert.ok(found.parts[name], `${name} is missing`);
  }
});

check("an ADI channel has its streams and state machines", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "adi");
  const adi = await indexOf(session, ADI);
  assert.ok(await isA(session, parts.I1.typeDefinition, `ns=${adi};i=1003`));
  const channel = await children(session, parts.I1.nodeId);
  const stream = Object.values(channel).find((one) => one.typeDefinition.toString() === `ns=${adi};i=1010`);
  assert.ok(stream, "no stream");
  const state = await session.follow(String(channel.ChannelStateMachine.nodeId), "0:CurrentState");
  assert.equal((await session.value(String(state))).text, "Operating");
});

check("ADI parameters are nodes that groups organise", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "adi");
  const parameters = Object.values(await children(session, parts.ParameterSet.nodeId)).map((one) => String(one.nodeId));
  const organised = await session.browse(String(parts.Status.nodeId), { referenceTypeId: resolveNodeId("i=35") });
  assert.ok(organised.references.length > 0);
  for (const one of organised.references) assert.ok(parameters.includes(String(one.nodeId)), `${one.nodeId}`);
});

check("ADI methods that the analyser lacks say so", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "adi");
  const methods = Object.values(await children(session, parts.MethodSet.nodeId));
  assert.ok(methods.length >= 10);
  for (const one of methods) assert.equal(await session.value(String(one.nodeId), "Executable"), false);
  const answer = await session.call(String(parts.MethodSet.nodeId), String(methods[0].nodeId));
  assert.ok(["BadNotExecutable", "BadNotSupported"].includes(answer.statusCode.name), answer.statusCode.name);
});

check("a value of a model can be watched", async (bench) => {
  const session = await bench.session();
  const { parts } = await device(bench, session, "padim");
  const signals = await children(session, parts.SignalSet.nodeId);
  const { AnalogSignal } = await children(session, signals.I1.nodeId);
  const subscriber = (await Subscriber.create(session)).listen();
  const own = await subscriber.item(`ns=${bench.setup.namespace};s=${bench.setup.models.padim}/I1/Value`);
  const shown = await subscriber.item(String(AnalogSignal.nodeId));
  const health = await subscriber.item(String(parts.DeviceHealth.nodeId));
  await subscriber.untilValues(3);
  await bench.play([{ "I1/Value": [7.25, "good"], "I1/Fault": [true, "good"] }], { device: bench.setup.models.padim });
  await subscriber.until((mine) => [own, shown].every((one) => mine.of(one.handle).at(-1).value === 7.25), "the value");
  await subscriber.until((mine) => mine.of(health.handle).at(-1).value === 1, "FAILURE");
  await bench.play([{}], { device: bench.setup.models.padim, reset: true });
});
