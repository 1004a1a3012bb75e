// Finding the server and its endpoints (OPC 10000-4 section 5.5).
"use strict";

const { Peer, assert, check, types } = require("./harness");

check.brief("GetEndpoints offers the endpoint in use", async (bench) => {
  const client = await bench.channel();
  const endpoints = await client.getEndpoints();
  const mine = endpoints.filter(
    (one) =>
      types.MessageSecurityMode[one.securityMode] === bench.setup.mode &&
      one.securityPolicyUri.endsWith(`#${bench.setup.policy}`),
  );
  assert.equal(mine.length, 1);
  assert.ok(mine[0].endpointUrl.startsWith("opc.tcp://"));
  assert.equal(mine[0].transportProfileUri, "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary");
  assert.ok(mine[0].userIdentityTokens.length > 0);
  assert.equal(
    new Set(mine[0].userIdentityTokens.map((token) => token.policyId)).size,
    mine[0].userIdentityTokens.length,
  );
});

check("GetEndpoints filters by transport profile", async (bench) => {
  const peer = new Peer(await bench.channel());
  const { endpoints } = await peer.ask("GetEndpoints", { endpointUrl: bench.setup.url, profileUris: ["urn:no:such"] });
  assert.equal((endpoints || []).length, 0);
});

check("stronger endpoints have higher security levels", async (bench) => {
  const endpoints = await (await bench.channel()).getEndpoints();
  const level = (mode) =>
    Math.max(...endpoints.filter((one) => one.securityMode === mode).map((one) => one.securityLevel));
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
  const server = {
    serverUri: "urn:intruder",
    serverNames: [{ text: "x" }],
    discoveryUrls: ["opc.tcp://x:1"],
    isOnline: true,
  };
  await peer.refused("RegisterServer", { server }, "BadServiceUnsupported");
  assert.equal((await (await bench.channel()).findServers()).length, 1);
});
