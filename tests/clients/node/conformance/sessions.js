// Discovery, secure channels, sessions and users (OPC 10000-4 sections 5.4 to 5.7).
"use strict";

const fs = require("node:fs");
const { X509Certificate } = require("node:crypto");
const { Peer, Refused, Subscriber, assert, check, login, types, within } = require("./harness");
const { NodeId, NodeIdType } = require("node-opcua-nodeid");
const { UserTokenType } = require("node-opcua-client");

const STATE = "i=2259";

check.brief("GetEndpoints offers the endpoint in use", async (bench) => {
  const client = await bench.channel();
  const endpoints = await client.getEndpoints();
  const mine = endpoints.filter(
    (one) => types.MessageSecurityMode[one.securityMode] === bench.setup.mode
      && one.securityPolicyUri.endsWith(`#${bench.setup.policy}`),
  );
  assert.equal(mine.length, 1);
  assert.ok(mine[0].endpointUrl.startsWith("opc.tcp://"));
  assert.equal(mine[0].transportProfileUri, "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary");
  assert.ok(mine[0].userIdentityTokens.length > 0);
  assert.equal(new Set(mine[0].userIdentityTokens.map((token) => token.policyId)).size, mine[0].userIdentityTokens.length);
});

check("GetEndpoints filters by transport profile", async (bench) => {
  const peer = new Peer(await bench.channel());
  const { endpoints } = await peer.ask("GetEndpoints", { endpointUrl: bench.setup.url, profileUris: ["urn:no:such"] });
  assert.equal((endpoints || []).length, 0);
});

check("stronger endpoints have higher security levels", async (bench) => {
  const endpoints = await (await bench.channel()).getEndpoints();
  const level = (mode) => Math.max(...endpoints.filter((one) => one.securityMode === mode).map((one) => one.securityLevel));
  const { None, Sign, SignAndEncrypt } = types.MessageSecurityMode;
  if (endpoints.some((one) => one.securityMode === None)) assert.ok(level(None) < level(Sign));
  assert.ok(level(Sign) < level(SignAndEncrypt));
});

check("FindServers names this server", async (bench) => {
  const client = await bench.channel();
  const servers = await client.findServers();
  assert.equal(servers.length, 1);
  const session = await bench.session();
  const [uri] = await session.value("i=2254");
  assert.equal(servers[0].applicationUri, uri);
});

check("FindServers filters by server URI", async (bench) => {
  const peer = new Peer(await bench.channel());
  const { servers } = await peer.ask("FindServers", { endpointUrl: bench.setup.url, serverUris: ["urn:no:such"] });
  assert.equal((servers || []).length, 0);
});

check("RegisterServer is not for everybody", async (bench) => {
  const peer = new Peer(await bench.channel());
  const server = { serverUri: "urn:intruder", serverNames: [{ text: "x" }], discoveryUrls: ["opc.tcp://x:1"], isOnline: true };
  await peer.refused("RegisterServer", { server }, "BadServiceUnsupported");
  assert.equal((await (await bench.channel()).findServers()).length, 1);
});

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
  await thief.refused("Read", { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] }, "BadSecureChannelIdInvalid", "BadSessionIdInvalid");
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

// CreateSession alone, as the library does it.
function created(client, bench) {
  const request = {
    clientDescription: { applicationUri: bench.setup.clients.first.uri, applicationType: 1 },
    endpointUrl: bench.setup.url,
    sessionName: "bare",
    clientNonce: Buffer.alloc(32, 7),
    clientCertificate: bench.setup.mode === "None" ? null : client.getCertificate(),
    requestedSessionTimeout: 20000,
    maxResponseMessageSize: 0,
  };
  return new Peer(client).ask("CreateSession", request);
}

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
  await session.refused("Read", { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] }, "BadSessionIdInvalid", "BadSessionClosed");
});

check("CloseSession answers waiting Publish requests", async (bench) => {
  const session = await bench.session();
  await Subscriber.create(session, { publishingEnabled: false, requestedMaxKeepAliveCount: 1000 });
  await session.ask("Publish", {}); // the first keep-alive
  const waiting = session.ask("Publish", {}).then(() => "answered", (error) => error.status);
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
  await thief.refused("ActivateSession", request, "BadSecureChannelIdInvalid", "BadApplicationSignatureInvalid", "BadSecurityChecksFailed");
  assert.equal(await victim.value(STATE), 0);
});

function anonymousToken(bench) {
  return new types.AnonymousIdentityToken({ policyId: bench.setup.anonymousPolicy || "anonymous" });
}

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
  await left.refused("Read", { nodesToRead: [{ nodeId: STATE, attributeId: 13 }] }, "BadSecureChannelIdInvalid", "BadSessionIdInvalid");
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

function byPassword(client, userName, password = "admin") {
  return login(client, { type: UserTokenType.UserName, userName, password });
}

check.secured("a wrong password is refused", async (bench) => {
  const client = await bench.ownClient();
  await assert.rejects(byPassword(client, "guessed"), /BadUserAccessDenied|BadIdentityTokenRejected/);
});

check.secured("an unknown user is refused like a wrong password", async (bench) => {
  const client = await bench.ownClient();
  await assert.rejects(byPassword(client, "nobody"), /BadUserAccessDenied|BadIdentityTokenRejected/);
});

check.secured("admin is nobody", async (bench) => {
  const client = await bench.ownClient();
  await assert.rejects(byPassword(client, "admin"), /BadUserAccessDenied|BadIdentityTokenRejected/);
});

check.encrypted("a user logs in by name and password", async (bench) => {
  const session = await bench.session({ user: "operator" });
  assert.equal(await session.value(STATE), 0);
});

check.encrypted("a session changes its user and loses the old one's rights", async (bench) => {
  const session = await bench.session({ user: "operator" });
  const method = bench.node("Action/StartAutocalibration");
  assert.equal(await session.value(method, "UserExecutable"), true);
  await within(session.session.changeUser(bench.identity(null)), "change of user");
  assert.equal(await session.value(method, "UserExecutable"), false);
});

function byCertificate(client, { certificate, key }) {
  const certificateData = new X509Certificate(fs.readFileSync(certificate)).raw;
  return login(client, { type: UserTokenType.Certificate, certificateData, privateKey: fs.readFileSync(key, "utf8") });
}

check.encrypted("an X.509 user logs in", async (bench) => {
  const client = await bench.ownClient();
  const session = new Peer(client, await byCertificate(client, bench.setup.x509));
  assert.equal(await session.value(STATE), 0);
  assert.equal(await session.value(bench.node("Action/StartAutocalibration"), "UserExecutable"), true);
});

check.encrypted("an unknown X.509 user is refused", async (bench) => {
  const client = await bench.ownClient();
  const refusals = /BadUserAccessDenied|BadIdentityTokenRejected|BadIdentityTokenInvalid|BadCertificate/;
  await assert.rejects(byCertificate(client, bench.setup.strangerX509), refusals);
});

check.closed("without anonymous access, nobody comes without a name", async (bench) => {
  const client = await bench.ownClient();
  const offered = (await client.getEndpoints()).flatMap((one) => one.userIdentityTokens.map((token) => token.tokenType));
  assert.ok(!offered.includes(UserTokenType.Anonymous), "anonymous is offered");
  const peer = new Peer(client);
  const { authenticationToken } = await created(client, bench);
  peer.token = authenticationToken;
  await peer.refused(
    "ActivateSession",
    { userIdentityToken: anonymousToken(bench) },
    "BadIdentityTokenRejected", "BadIdentityTokenInvalid", "BadApplicationSignatureInvalid", "BadUserAccessDenied",
  );
});

check.closed("without anonymous access, users come in", async (bench) => {
  const session = await bench.session({ user: "operator" });
  assert.equal(await session.value(STATE), 0);
});

check.trusting("an application that nobody trusts gets no channel", async (bench) => {
  let client;
  try {
    client = await bench.ownClient("stranger");
  } catch (error) {
    return; // the library names the refusal in many ways, or only sees the connection end
  }
  await assert.rejects(within(client.createSession(), "session"), /BadSecurityChecksFailed|BadCertificateUntrusted/);
});

check.encrypted("an application whose certificate has expired gets no channel", async (bench) => {
  await assert.rejects(bench.ownClient("expired"));
});
