// Sessions and the channels they belong to (OPC 10000-4 section 5.7).
"use strict";

const { Peer, Refused, Subscriber, assert, check, within } = require("./harness");
const { NodeId, NodeIdType } = require("node-opcua-nodeid");
const { anonymousToken, created } = require("./bare_session");

const STATE = "i=2259";

check("session tokens cannot be guessed", async (bench) => {
  const tokens = [];
  for (let n = 0; n < 3; n += 1) tokens.push((await bench.session()).token);
  for (const token of tokens) {
    assert.notEqual(token.identifierType, NodeIdType.NUMERIC);
    assert.ok(Buffer.isBuffer(token.value) && token.value.length >= 16, `token ${token}`);
  }
  assert.equal(new Set(tokens.map((token) => token.value.toString("hex"))).size, 3);
});

check("session ids are no tokens", async (bench) => {
  const session = await bench.session();
  assert.notEqual(session.session.sessionId.toString(), session.token.toString());
  const thief = new Peer(await bench.channel());
  thief.token = session.session.sessionId;
  await thief.refused("Read", { nodesToRead: [] }, "BadSessionIdInvalid");
});

check("guessed tokens open no session", async (bench) => {
  const thief = new Peer(await bench.channel());
  for (let n = 1; n <= 20; n += 1) {
    thief.token = new NodeId(NodeIdType.NUMERIC, 1000 + n, 0);
    await thief.refused("Read", { nodesToRead: [] }, "BadSessionIdInvalid");
  }
  thief.token = NodeId.nullNodeId;
  await thief.refused("Read", { nodesToRead: [] }, "BadSessionIdInvalid");
});

check("a session is used on its own channel only", async (bench) => {
  const victim = await bench.session();
  const thief = new Peer(await bench.ownClient());
  thief.token = victim.token;
  await thief.refused(
    "Read",
    { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] },
    "BadSecureChannelIdInvalid",
    "BadSessionIdInvalid",
  );
  assert.equal(await victim.value(STATE), 0);
});

check("a session is activated before it is used", async (bench) => {
  const client = await bench.ownClient();
  const { sessionId, authenticationToken } = await created(client, bench);
  assert.ok(sessionId);
  const peer = new Peer(client);
  peer.token = authenticationToken;
  await peer.refused("Read", { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] }, "BadSessionNotActivated");
});

check("nonces of the server are long and never the same", async (bench) => {
  const client = await bench.ownClient();
  const nonces = [];
  for (let n = 0; n < 3; n += 1) nonces.push((await created(client, bench)).serverNonce);
  for (const nonce of nonces) assert.equal(nonce.length, 32);
  assert.equal(new Set(nonces.map((nonce) => nonce.toString("hex"))).size, 3);
});

check("session timeouts are revised to something sensible", async (bench) => {
  const client = await bench.ownClient();
  for (const asked of [0, 1, 1e12]) {
    const response = await new Peer(client).ask("CreateSession", {
      clientDescription: { applicationUri: bench.setup.clients.first.uri, applicationType: 1 },
      endpointUrl: bench.setup.url,
      clientNonce: Buffer.alloc(32, 7),
      clientCertificate: bench.setup.mode === "None" ? null : client.getCertificate(),
      requestedSessionTimeout: asked,
    });
    assert.ok(response.revisedSessionTimeout >= 1000 && response.revisedSessionTimeout <= 3600000, `${asked}`);
  }
});

check("a closed session is closed", async (bench) => {
  const session = await bench.session();
  await session.ask("CloseSession", { deleteSubscriptions: true });
  await session.refused(
    "Read",
    { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] },
    "BadSessionIdInvalid",
    "BadSessionClosed",
  );
});

check("CloseSession answers waiting Publish requests", async (bench) => {
  const session = await bench.session();
  await Subscriber.create(session, { publishingEnabled: false, requestedMaxKeepAliveCount: 1000 });
  await session.ask("Publish", {}); // the first keep-alive
  const waiting = session.ask("Publish", {}).then(
    () => "answered",
    (error) => error.status,
  );
  await session.ask("CloseSession", { deleteSubscriptions: true });
  assert.equal(await within(waiting, "the waiting Publish"), "BadSessionClosed");
});

check("two sessions of one channel keep their Publish requests apart", async (bench) => {
  const [one, other] = [await bench.session(), await bench.session()];
  const first = await Subscriber.create(one, { requestedMaxKeepAliveCount: 1000 });
  const second = await Subscriber.create(other, { requestedMaxKeepAliveCount: 1000 });
  await first.publish();
  await second.publish();
  await second.item(bench.node("I1/Value"));
  const waiting = first.publish().then((message) => message.subscription);
  const told = await within(second.publish(), "the second session's message");
  assert.equal(told.subscription, second.id);
  assert.equal(told.values.length, 1);
  await first.item(bench.node("I1/Value"));
  assert.equal(await within(waiting, "the first session's message"), first.id);
});

check.secured("another application does not take over a session", async (bench) => {
  const victim = await bench.session();
  const other = await bench.channel("second");
  const request = { clientSignature: { algorithm: null, signature: null }, userIdentityToken: anonymousToken(bench) };
  const thief = new Peer(other);
  thief.token = victim.token;
  await thief.refused(
    "ActivateSession",
    request,
    "BadSecureChannelIdInvalid",
    "BadApplicationSignatureInvalid",
    "BadSecurityChecksFailed",
  );
  assert.equal(await victim.value(STATE), 0);
});

check("a session moves to a new channel of its client", async (bench) => {
  const first = await bench.ownClient();
  const session = await bench.session({ client: first });
  const second = await bench.ownClient();
  await within(second.reactivateSession(session.session), "reactivation");
  const moved = new Peer(second);
  moved.token = session.token;
  assert.equal(await moved.value(STATE), 0);
  const left = new Peer(first);
  left.token = session.token;
  await left.refused(
    "Read",
    { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] },
    "BadSecureChannelIdInvalid",
    "BadSessionIdInvalid",
  );
});

check("Cancel counts what it cancelled", async (bench) => {
  const session = await bench.session();
  let cancelled;
  try {
    cancelled = await session.ask("Cancel", { requestHandle: 123456 });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    assert.equal(error.status, "BadServiceUnsupported");
    return;
  }
  assert.equal(cancelled.cancelCount, 0);
});
