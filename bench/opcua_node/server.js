// node-opcua's server with synthetic analysers, for the bench:
//
//   node server.js '{"devices": 20, "points": 50, "rate_hz": 10, "port": 48400}'
//
// Prints one JSON line when it serves, and one for every line it reads: values written since the last one. The first
// line it reads starts the writing.
"use strict";

const readline = require("node:readline");

const complain = console.error;
console.log = console.error = () => {}; // the library greets, and standard output belongs to the answers
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUAServer } = require("node-opcua-server");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType } = require("node-opcua-variant");

function say(message) {
  process.stdout.write(JSON.stringify(message) + "\n");
}

async function main(task) {
  const server = new OPCUAServer({
    hostname: "127.0.0.1",
    port: task.port,
    securityModes: [MessageSecurityMode.None],
    securityPolicies: [SecurityPolicy.None],
    allowAnonymous: true,
  });
  await server.initialize();
  const namespace = server.engine.addressSpace.getOwnNamespace();
  const devices = [];
  for (let device = 0; device < task.devices; device++) {
    const name = `a${String(device).padStart(2, "0")}`;
    const folder = namespace.addObject({ organizedBy: "ObjectsFolder", browseName: name });
    const points = [];
    for (let point = 0; point < task.points; point++) {
      const browseName = `P${String(point).padStart(2, "0")}`;
      points.push(
        namespace.addVariable({
          componentOf: folder,
          browseName,
          nodeId: `s=${name}/${browseName}`,
          dataType: DataType.Double,
          minimumSamplingInterval: 0,
          value: { dataType: DataType.Double, value: 0 },
        }),
      );
    }
    devices.push(points);
  }
  await server.start();

  const step = 1000 / task.rate_hz / task.devices;
  let slot = 0;
  let values = 0;
  let begin = null;
  function tick() {
    const due = Math.floor((performance.now() - begin) / step);
    if (due > slot + 2 * task.devices) slot = due; // what cannot be written in time is skipped
    for (; slot <= due; slot++) {
      const now = new Date();
      devices[slot % task.devices].forEach((variable, number) =>
        variable.setValueFromSource({ dataType: DataType.Double, value: slot + number }, StatusCodes.Good, now),
      );
      values += task.points;
    }
    setTimeout(tick, Math.max(0, begin + slot * step - performance.now()));
  }

  readline.createInterface({ input: process.stdin }).on("line", () => {
    if (begin === null) {
      begin = performance.now();
      tick();
    }
    say({ values });
    values = 0;
  });
  const names = devices.flat().map((variable) => variable.nodeId.toString());
  say({ url: `opc.tcp://127.0.0.1:${task.port}`, names });
}

main(JSON.parse(process.argv[2])).catch((error) => {
  complain(error);
  process.exit(1);
});
