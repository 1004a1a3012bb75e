// What the Server object says about the server (OPC 10000-5 section 6.3).
"use strict";

const { Subscriber, assert, check } = require("./harness");
const { DataType } = require("node-opcua-client");

const PROFILES = "i=2269";
const SAMPLE_RATE = "i=2272";
const SUMMARY = "i=2275";
const SECURITY = "i=3708";

// A text or bytes that are null are empty; anything else that is null is not known.
function isNull({ value }) {
  if (!value || value.dataType === DataType.Null) return true;
  return value.value === null && ![DataType.String, DataType.ByteString].includes(value.dataType);
}

check("the server runs and says since when", async (bench) => {
  const session = await bench.session();
  const status = await session.value("i=2256");
  assert.equal(status.state, 0);
  assert.ok(status.startTime <= status.currentTime);
  assert.ok(Math.abs(Date.now() - status.currentTime.getTime()) < 60000);
  assert.ok(status.buildInfo.productName && status.buildInfo.softwareVersion && status.buildInfo.productUri);
  assert.equal(await session.value("i=2259"), 0);
});

check("the time of the server goes on", async (bench) => {
  const session = await bench.session();
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item("i=2258");
  const values = await subscriber.untilValues(2);
  assert.ok(values[1].value > values[0].value);
});

check("ServiceLevel is a Byte above zero", async (bench) => {
  const session = await bench.session();
  const found = await session.read("i=2267");
  assert.equal(found.value.dataType, DataType.Byte);
  assert.ok(found.value.value > 0 && found.value.value <= 255);
});

check("the namespaces are listed", async (bench) => {
  const session = await bench.session();
  const uris = await session.value("i=2255");
  assert.equal(uris[0], "http://opcfoundation.org/UA/");
  assert.equal(uris[bench.setup.namespace], "urn:analyser-gateway:conformance");
  const [server] = await session.value("i=2254");
  assert.equal(uris[1], server);
});

const isHonest = (nodeId) => async (bench) => {
  const session = await bench.session();
  const found = await session.read(nodeId);
  if (found.statusCode.value >= 0x80000000) return; // honest: it is not known, or not there
  assert.equal(found.statusCode.name, "Good");
  assert.ok(!isNull(found), `${nodeId} is null`);
};

check("ServerProfileArray is not null and Good", isHonest("i=2269"));
check("LocaleIdArray is not null and Good", isHonest("i=2271"));
check("MinSupportedSampleRate is not null and Good", isHonest("i=2272"));
check("MaxBrowseContinuationPoints is not null and Good", isHonest("i=2735"));
check("MaxQueryContinuationPoints is not null and Good", isHonest("i=2736"));
check("MaxHistoryContinuationPoints is not null and Good", isHonest("i=2737"));
check("SoftwareCertificates is not null and Good", isHonest("i=3704"));
check("MaxArrayLength is not null and Good", isHonest("i=11702"));
check("MaxStringLength is not null and Good", isHonest("i=11703"));

check("the profiles and the sample rate are known", async (bench) => {
  const session = await bench.session();
  const profiles = await session.value(PROFILES);
  assert.ok(profiles.length > 0);
  for (const profile of profiles) assert.ok(profile.startsWith("http://opcfoundation.org/UA-Profile/"), profile);
  assert.ok((await session.value(SAMPLE_RATE)) >= 0);
});

check("the operation limits are set", async (bench) => {
  const session = await bench.session();
  for (const name of [
    "MaxNodesPerRead",
    "MaxNodesPerWrite",
    "MaxNodesPerMethodCall",
    "MaxNodesPerBrowse",
    "MaxNodesPerRegisterNodes",
    "MaxNodesPerTranslateBrowsePathsToNodeIds",
    "MaxMonitoredItemsPerCall",
  ]) {
    const most = await session.value((await session.follow("i=11704", `0:${name}`)).toString());
    assert.ok(most > 0 && most <= 100000, `${name} ${most}`);
  }
});

check("sessions and subscriptions are limited, and say so", async (bench) => {
  const session = await bench.session();
  for (const name of ["MaxSessions", "MaxSubscriptions", "MaxMonitoredItems"]) {
    const most = await session.value((await session.follow("i=2268", `0:${name}`)).toString());
    assert.ok(most > 0 && most < 1000000, `${name} ${most}`);
  }
});

check("nothing below the Server object is null and Good", async (bench) => {
  const session = await bench.session({ user: bench.setup.mode === "SignAndEncrypt" ? "engineer" : null });
  const empty = [];
  for (const level of await session.levels("i=2253", 5000)) {
    const variables = level.filter((one) => one.nodeClass === 2);
    const values = await session.readAll(variables.map((one) => one.nodeId));
    variables.forEach((one, n) => {
      if (values[n].statusCode.name === "Good" && isNull(values[n])) empty.push(`${one.browseName.name} ${one.nodeId}`);
    });
  }
  assert.deepEqual(empty, []);
});

check("diagnostics are enabled and cannot be null", async (bench) => {
  const session = await bench.session();
  assert.equal(typeof (await session.value("i=2294")), "boolean");
});

check("diagnostics count this session", async (bench) => {
  const session = await bench.session();
  const summary = await session.value(SUMMARY);
  assert.ok(summary.currentSessionCount >= 1);
  assert.ok(summary.cumulatedSessionCount >= summary.currentSessionCount);
  const before = await session.value("i=2278"); // CumulatedSessionCount
  await bench.session();
  assert.ok((await session.value("i=2278")) > before);
});

check("diagnostics count subscriptions", async (bench) => {
  const session = await bench.session();
  const before = await session.value("i=2286"); // CumulatedSubscriptionCount
  await Subscriber.create(session);
  assert.ok((await session.value("i=2286")) > before);
  assert.ok((await session.value("i=2285")) >= 1); // CurrentSubscriptionCount
});

check("diagnostics count refused requests", async (bench) => {
  const session = await bench.session();
  const before = await session.value("i=2288"); // RejectedRequestsCount
  await session.refused("Read", { nodesToRead: [], timestampsToReturn: 2 }, "BadNothingToDo");
  assert.ok((await session.value("i=2288")) > before);
});

check("diagnostics of subscriptions are true", async (bench) => {
  const session = await bench.session({ user: bench.setup.mode === "SignAndEncrypt" ? "engineer" : null });
  const subscriber = (await Subscriber.create(session)).listen();
  await subscriber.item(bench.node("I1/Value"));
  await subscriber.untilValues(1);
  const found = await session.read("i=2290"); // SubscriptionDiagnosticsArray
  if (["BadUserAccessDenied", "BadNotReadable"].includes(found.statusCode.name)) return; // not for everybody
  assert.equal(found.statusCode.name, "Good");
  const mine = [...found.value.value].find((one) => one.subscriptionId === subscriber.id);
  assert.ok(mine, "this subscription is not listed");
  assert.equal(mine.publishingInterval, subscriber.revised.revisedPublishingInterval);
  assert.equal(mine.monitoredItemCount, 1);
  assert.ok(mine.dataChangeNotificationsCount >= 1 && mine.notificationsCount >= 1 && mine.publishRequestCount >= 1);
});

check.encrypted("diagnostics of security are for engineers, and legible", async (bench) => {
  const observer = await bench.session();
  assert.equal((await observer.read(SECURITY)).statusCode.name, "BadUserAccessDenied");
  const session = await bench.session({ user: "engineer" });
  const id = session.session.sessionId.toString();
  const mine = [...(await session.value(SECURITY))].find((one) => one.sessionId.toString() === id);
  assert.deepEqual([mine.clientUserIdOfSession, mine.authenticationMechanism], ["engineer", "UserName"]);
  assert.deepEqual([mine.transportProtocol, mine.encoding, mine.securityMode], ["opc.tcp", "UA Binary", 3]);
  assert.ok(mine.securityPolicyUri.endsWith(`#${bench.setup.policy}`));
  assert.ok(mine.clientCertificate.length > 500);
});

check("ServerRedundancy and the rest of the tree is there", async (bench) => {
  const session = await bench.session();
  assert.equal(await session.value("i=3709"), 0); // RedundancySupport None
  assert.equal(typeof (await session.value("i=2994")), "boolean"); // Auditing
});

check("namespaces describe themselves", async (bench) => {
  const session = await bench.session();
  const found = (await session.browse("i=11715")).references || [];
  const uris = await session.value("i=2255");
  for (const one of found) {
    const uri = await session.value((await session.follow(one.nodeId.toString(), "0:NamespaceUri")).toString());
    assert.ok(uris.includes(uri), uri);
  }
});

check.unsecured("subscriptions are limited per session or in all", async (bench) => {
  const session = await bench.session();
  const most = await session.value((await session.follow("i=2268", "0:MaxSubscriptionsPerSession")).toString());
  assert.ok(most > 0 && most <= 1000);
  const made = [];
  let refused = null;
  for (let n = 0; n <= most && !refused; n += 1) {
    try {
      made.push(await Subscriber.create(session, { requestedPublishingInterval: 1000 }));
    } catch (error) {
      refused = error.status;
    }
  }
  await session.ask("DeleteSubscriptions", { subscriptionIds: made.map((one) => one.id) });
  assert.equal(refused, "BadTooManySubscriptions");
});
