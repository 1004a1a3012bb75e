// Who is let in: people by password and certificate, applications by certificate (OPC 10000-4 section 7.40).
"use strict";

const fs = require("node:fs");
const { X509Certificate } = require("node:crypto");
const { Peer, assert, check, login, within } = require("./harness");
const { UserTokenType } = require("node-opcua-client");
const { anonymousToken, created } = require("./bare_session");

const STATE = "i=2259";

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
  const offered = (await client.getEndpoints()).flatMap((one) =>
    one.userIdentityTokens.map((token) => token.tokenType),
  );
  assert.ok(!offered.includes(UserTokenType.Anonymous), "anonymous is offered");
  const peer = new Peer(client);
  const { authenticationToken } = await created(client, bench);
  peer.token = authenticationToken;
  await peer.refused(
    "ActivateSession",
    { userIdentityToken: anonymousToken(bench) },
    "BadIdentityTokenRejected",
    "BadIdentityTokenInvalid",
    "BadApplicationSignatureInvalid",
    "BadUserAccessDenied",
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
