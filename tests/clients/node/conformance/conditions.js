// Alarms and what can be done to them (OPC 10000-9 section 5).
"use strict";

const { Subscriber, assert, check } = require("./harness");
const { DataType, Variant } = require("node-opcua-client");
const { CONDITION, alarm1, isAlarm1, listening, raised } = require("./event_listener");

const REFRESH = "i=3875";

const [REFRESH_START, REFRESH_END] = ["ns=0;i=2787", "ns=0;i=2788"];

const METHODS = {
  Enable: "i=9027",
  Disable: "i=9028",
  AddComment: "i=9029",
  Acknowledge: "i=9111",
  Confirm: "i=9113",
  Unshelve: "i=2947",
  OneShotShelve: "i=2948",
  TimedShelve: "i=2949",
};

async function act(session, event, method, ...inputs) {
  return (await session.call(event.ConditionId, METHODS[method], inputs)).statusCode.name;
}

const eventId = (event) => new Variant({ dataType: DataType.ByteString, value: event.EventId });

const comment = (text) => new Variant({ dataType: DataType.LocalizedText, value: { locale: "en", text } });

const duration = (value) => new Variant({ dataType: DataType.Double, value });

check("an alarm is raised and cleared", async (bench) => {
  const { listener } = await listening(bench);
  const up = await raised(bench, listener);
  assert.equal(up.SourceName, `${bench.device}/I1`);
  assert.deepEqual([up.Severity, up.Retain, up.AckedState, up.EnabledState], [600, true, false, true]);
  assert.equal(up.EventId.length, 16);
  await bench.play(alarm1(false));
  const down = await listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  assert.equal(down.Retain, true); // nobody has acknowledged it
  assert.ok(!down.EventId.equals(up.EventId));
});

check("the time of an alarm is that of the value", async (bench) => {
  const { listener } = await listening(bench);
  const { stamps } = await bench.play(alarm1(true));
  const up = await listener.until(isAlarm1({ ActiveState: true }), "the alarm");
  assert.equal(up.Time.getTime(), Math.floor(stamps[0] / 1000));
});

check("ConditionRefresh repeats what is still of interest", async (bench) => {
  await bench.play(alarm1(true));
  const { session, subscriber, listener } = await listening(bench);
  const refresh = await session.call(CONDITION, REFRESH, [
    new Variant({ dataType: DataType.UInt32, value: subscriber.id }),
  ]);
  assert.equal(refresh.statusCode.name, "Good");
  await subscriber.until(() => listener.all.some((one) => one.EventType === REFRESH_END), "the end of the refresh");
  const kinds = listener.all.map((one) => one.EventType);
  const inside = listener.all.slice(kinds.indexOf(REFRESH_START) + 1, kinds.indexOf(REFRESH_END));
  assert.ok(inside.some((one) => isAlarm1({ ActiveState: true })(one) && one.SourceName === `${bench.device}/I1`));
  assert.ok(inside.every((one) => one.Retain === true));
});

check("ConditionRefresh of an unknown or foreign subscription is refused", async (bench) => {
  const [owner, other] = [await bench.session(), await bench.session({ role: "second" })];
  const { id } = await Subscriber.create(owner);
  const asked = async (number) =>
    (await other.call(CONDITION, REFRESH, [new Variant({ dataType: DataType.UInt32, value: number })])).statusCode.name;
  assert.equal(await asked(4000000000), "BadSubscriptionIdInvalid");
  assert.ok(["BadSubscriptionIdInvalid", "BadUserAccessDenied"].includes(await asked(id)));
});

check("observers do not acknowledge", async (bench) => {
  const { session, listener } = await listening(bench);
  const up = await raised(bench, listener);
  for (const method of ["Acknowledge", "Confirm", "AddComment"]) {
    assert.equal(await act(session, up, method, eventId(up), comment("seen")), "BadUserAccessDenied", method);
  }
  for (const method of ["Disable", "OneShotShelve"])
    assert.equal(await act(session, up, method), "BadUserAccessDenied", method);
});

check.encrypted("an alarm is acknowledged once", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("seen")), "Good");
  const acked = await listener.until(isAlarm1({ AckedState: true }), "the acknowledgement");
  assert.equal(acked.Comment.text, "seen");
  assert.equal(acked.ActiveState, true);
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("again")), "BadConditionBranchAlreadyAcked");
});

check.encrypted("an alarm is confirmed after it was acknowledged and has gone", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  await act(session, up, "Acknowledge", eventId(up), comment("seen"));
  await bench.play(alarm1(false));
  const down = await listener.until(isAlarm1({ ActiveState: false, AckedState: true }), "the end of the alarm");
  if (down.ConfirmedState === false) {
    assert.equal(await act(session, down, "Confirm", eventId(down), comment("done")), "Good");
    await listener.until(isAlarm1({ ConfirmedState: true, Retain: false }), "the confirmation");
  }
  assert.equal(
    await act(session, down, "Confirm", eventId(down), comment("again")),
    "BadConditionBranchAlreadyConfirmed",
  );
});

check.encrypted("an unknown event is not acknowledged", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  const invented = new Variant({ dataType: DataType.ByteString, value: Buffer.alloc(16, 3) });
  for (const method of ["Acknowledge", "Confirm", "AddComment"]) {
    assert.equal(await act(session, up, method, invented, comment("seen")), "BadEventIdUnknown", method);
  }
});

check.encrypted("arguments of condition methods are checked", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Acknowledge", eventId(up)), "BadArgumentsMissing");
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("a"), comment("b")), "BadTooManyArguments");
  assert.equal(await act(session, up, "Acknowledge", comment("a"), eventId(up)), "BadInvalidArgument");
});

check.encrypted("a comment is kept and shown", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "AddComment", eventId(up), comment("pump was off")), "Good");
  const told = await listener.until((one) => one.Comment && one.Comment.text === "pump was off", "the comment");
  assert.equal(told.AckedState, false);
});

check.encrypted("a disabled alarm keeps quiet", async (bench) => {
  const { session, listener } = await listening(bench, { user: "engineer" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "Disable"), "Good");
  await listener.until(isAlarm1({ EnabledState: false }), "the end of its service");
  assert.equal(await act(session, up, "Disable"), "BadConditionAlreadyDisabled");
  assert.equal(await act(session, up, "Acknowledge", eventId(up), comment("x")), "BadConditionDisabled");
  const before = listener.mine.filter(isAlarm1()).length;
  await bench.play([...alarm1(false), ...alarm1(true)]);
  assert.equal(await act(session, up, "Enable"), "Good");
  const back = await listener.until(isAlarm1({ EnabledState: true, ActiveState: true }), "the alarm");
  assert.ok(back);
  assert.equal(await act(session, up, "Enable"), "BadConditionAlreadyEnabled");
  const silent = listener.mine
    .filter(isAlarm1())
    .slice(before)
    .filter((one) => one.EnabledState === false);
  assert.deepEqual(silent, []);
});

check.encrypted("an alarm is shelved and taken from the shelf", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  const shelf = async () => (await listener.until(isAlarm1(), "the alarm"))["ShelvingState/CurrentState"].text;
  assert.equal(await shelf(), "Unshelved");
  assert.equal(await act(session, up, "Unshelve"), "BadConditionNotShelved");
  assert.equal(await act(session, up, "OneShotShelve"), "Good");
  await listener.until((one) => one["ShelvingState/CurrentState"]?.text === "OneShotShelved", "the shelf");
  assert.equal(await act(session, up, "OneShotShelve"), "BadConditionAlreadyShelved");
  assert.equal(await act(session, up, "Unshelve"), "Good");
});

check.encrypted("an alarm that is shelved for a time comes back", async (bench) => {
  const { session, listener } = await listening(bench, { user: "operator" });
  const up = await raised(bench, listener);
  assert.equal(await act(session, up, "TimedShelve", duration(-1)), "BadShelvingTimeOutOfRange");
  assert.equal(await act(session, up, "TimedShelve", duration(300)), "Good");
  await listener.until((one) => one["ShelvingState/CurrentState"]?.text === "TimedShelved", "the shelf");
  await listener.subscriber.until(() => {
    const states = listener.mine.filter(isAlarm1()).map((one) => one["ShelvingState/CurrentState"]?.text);
    return states.lastIndexOf("Unshelved") > states.indexOf("TimedShelved") && states.includes("TimedShelved");
  }, "the end of the time");
});

check("the state of an alarm can be read", async (bench) => {
  const { session, listener } = await listening(bench);
  const up = await raised(bench, listener);
  const state = async (path) => session.value((await session.follow(up.ConditionId, path)).toString());
  assert.equal(await state("0:ActiveState/0:Id"), true);
  assert.equal(await state("0:AckedState/0:Id"), false);
  assert.equal(await state("0:EnabledState/0:Id"), true);
  await bench.play(alarm1(false));
  await listener.until(isAlarm1({ ActiveState: false }), "the end of the alarm");
  assert.equal(await state("0:ActiveState/0:Id"), false);
});

check("the loss of communication is an alarm", async (bench) => {
  const { listener } = await listening(bench);
  const lost = { "Status/Communication": ["communication-lost", "good"] };
  for (const path of ["I1/Value", "I2/Value", "I3/Value"]) lost[path] = [0, "communication-lost"];
  await bench.play([lost]);
  const up = await listener.until(
    (one) => one.ConditionName === "Communication" && one.ActiveState === true,
    "the alarm",
  );
  assert.equal(up.SourceName, bench.device);
  assert.equal(up.Severity, 750);
});

check("the health of NE 107 is told by alarms", async (bench) => {
  const { listener } = await listening(bench);
  for (const [path, name] of [
    ["I1/Fault", "Failure"],
    ["I1/WarmingUp", "CheckFunction"],
    ["I1/Maintenance", "MaintenanceRequired"],
  ]) {
    await bench.play([{ [path]: [true, "good"] }]);
    await listener.until((one) => one.ConditionName === name && one.ActiveState === true, name);
  }
});
