// The simulated Dataverse, used by dynamics-web-api, a client written for the real one.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { DynamicsWebApi } from "dynamics-web-api";

import { addresses } from "./addresses.mjs";

const MISSING = "99999999-9999-4999-8999-999999999999";
const CHOSEN = "11111111-1111-4111-8111-111111111111";

const client = new DynamicsWebApi({
  serverUrl: `${addresses.dataverse}/`,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => addresses.access_token,
  // So that a failed condition is an error with a code, not `false`.
  propagateErrors: true,
});
const accounts = { collection: "accounts" };

/** Creates an account and returns its id. */
const created = (data) => client.create({ ...accounts, data });
const read = (key, select) => client.retrieve({ ...accounts, key, select });
const count = (filter) => client.countAll({ ...accounts, filter, select: ["accountid"] });

/** Expects an operation to be refused with this status and code. */
async function refused(operation, status, code) {
  await assert.rejects(operation, (error) => {
    assert.deepEqual([error.status, error.code], [status, code], error.message);
    return true;
  });
}

let ada;
before(async () => {
  ada = await created({ name: "Ada Mills", accountnumber: "ADA", address1_city: "Delft" });
});

test("who am I, and what tables are there", async () => {
  const me = await client.callFunction({ name: "WhoAmI" });
  assert.match(me.OrganizationId, /^[0-9a-f-]{36}$/);
  const table = await client.retrieveEntity({
    key: "LogicalName='account'",
    select: ["EntitySetName", "ChangeTrackingEnabled"],
  });
  assert.deepEqual([table.EntitySetName, table.ChangeTrackingEnabled], ["accounts", true]);
  assert.match(await client.retrieveCsdlMetadata(), /<EntityType Name="account">/);
});

test("a created row is read back as it was sent", async () => {
  const row = await read(ada, ["name", "accountnumber", "address1_city", "fax"]);
  assert.deepEqual(
    [row.name, row.accountnumber, row.address1_city, row.fax, row.accountid],
    ["Ada Mills", "ADA", "Delft", null, ada],
  );
  assert.match(row["@odata.etag"], /^W\/"\d+"$/);
});

test("a created row is returned where its representation is asked for", async () => {
  const row = await client.create({
    ...accounts,
    data: { name: "Shown", creditlimit: 1234.5 },
    returnRepresentation: true,
    select: ["name", "creditlimit"],
  });
  assert.deepEqual([row.name, row.creditlimit], ["Shown", 1234.5]);
  await client.deleteRecord({ ...accounts, key: row.accountid });
});

test("rows are selected, filtered, ordered, and their lookups expanded", async () => {
  const found = await client.retrieveMultiple({
    ...accounts,
    select: ["name"],
    filter: "accountnumber eq 'ADA' or name eq 'Bon app'''",
    orderBy: ["name desc"],
    expand: [{ property: "transactioncurrencyid", select: ["isocurrencycode"] }],
    includeAnnotations: "*",
    count: true,
  });
  assert.equal(found.oDataCount, 2);
  assert.deepEqual(found.value.map((row) => row.name), ["Bon app'", "Ada Mills"]);
  assert.deepEqual(found.value.map((row) => row.transactioncurrencyid.isocurrencycode), ["EUR", "USD"]);
  assert.equal("accountnumber" in found.value[0], false);
});

test("lookups are set and cleared", async () => {
  const key = await created({ name: "Child", "parentaccountid@odata.bind": `/accounts(${ada})` });
  const child = await client.retrieve({
    ...accounts,
    key,
    select: ["name"],
    expand: [{ property: "parentaccountid", select: ["name"] }],
  });
  assert.equal(child.parentaccountid.name, "Ada Mills");
  await client.disassociateSingleValued({ ...accounts, primaryKey: key, navigationProperty: "parentaccountid" });
  assert.equal((await read(key, ["_parentaccountid_value"]))._parentaccountid_value, null);
  await client.associateSingleValued({
    ...accounts,
    primaryKey: key,
    navigationProperty: "parentaccountid",
    relatedCollection: "accounts",
    relatedKey: ada,
  });
  assert.equal((await read(key, ["_parentaccountid_value"]))._parentaccountid_value, ada);
  await client.deleteRecord({ ...accounts, key });
});

test("an update under the right version is done, under an old one refused", async () => {
  const version = (await read(ada, ["name"]))["@odata.etag"];
  const update = (city) =>
    client.update({ ...accounts, key: ada, ifmatch: version, data: { address1_city: city } });
  await update("Leiden");
  await refused(update("Gouda"), 412, "0x80060882");
  const row = await read(ada, ["address1_city"]);
  assert.equal(row.address1_city, "Leiden");
  assert.notEqual(row["@odata.etag"], version);
});

test("a row that has not changed is not sent again", async () => {
  const row = await read(ada, ["name"]);
  const again = await client.retrieve({ ...accounts, key: ada, select: ["name"], ifnonematch: row["@odata.etag"] });
  assert.equal(again, undefined);
});

test("an upsert by alternate key creates, then updates", async () => {
  const upsert = (name) =>
    client.upsert({
      ...accounts,
      key: "accountnumber='UPSERTED'",
      data: { name },
      returnRepresentation: true,
      select: ["name", "accountnumber"],
    });
  const first = await upsert("First");
  const second = await upsert("Second");
  assert.deepEqual([first.name, first.accountnumber], ["First", "UPSERTED"]);
  assert.deepEqual([second.name, second.accountid], ["Second", first.accountid]);
  assert.equal((await read("accountnumber='UPSERTED'", ["name"])).name, "Second");
  await client.deleteRecord({ ...accounts, key: "accountnumber='UPSERTED'" });
  await refused(read(first.accountid), 404, "0x80040217");
});

test("a create with a chosen id happens once", async () => {
  const once = () =>
    client.upsert({ ...accounts, key: CHOSEN, ifnonematch: "*", data: { name: "Once" } });
  await once();
  await refused(once(), 412, "0x80040237");
  await client.deleteRecord({ ...accounts, key: CHOSEN });
});

test("pages together hold every row once", async () => {
  const query = { ...accounts, select: ["accountnumber"], maxPageSize: 40 };
  const ids = [];
  let page = await client.retrieveMultiple(query);
  let pages = 1;
  for (; page.oDataNextLink; pages += 1) {
    assert.equal(page.value.length, 40);
    ids.push(...page.value.map((row) => row.accountid));
    page = await client.retrieveMultiple(query, page.oDataNextLink);
  }
  ids.push(...page.value.map((row) => row.accountid));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.length, await count());
  assert.equal(pages, Math.ceil(ids.length / 40));
  assert.ok(pages > 1);
});

test("a change set is done as a whole, its parts referring to each other", async () => {
  client.startBatch();
  client.create({ ...accounts, data: { name: "Parent of two" }, contentId: "1" });
  client.create({ ...accounts, data: { name: "Child of two", "parentaccountid@odata.bind": "$1" } });
  const [parent, child] = await client.executeBatch();
  const row = await read(child, ["name", "_parentaccountid_value"]);
  assert.deepEqual([row.name, row._parentaccountid_value], ["Child of two", parent]);
  for (const key of [child, parent]) {
    await client.deleteRecord({ ...accounts, key });
  }
});

test("a change set with a bad part leaves nothing behind", async () => {
  const rows = await count();
  client.startBatch();
  client.create({ ...accounts, data: { name: "Rolled back" } });
  client.update({ ...accounts, key: ada, data: { address1_city: "Rolled back" } });
  client.create({ ...accounts, data: { name: "x".repeat(161) } });
  await assert.rejects(client.executeBatch(), (errors) => {
    assert.deepEqual(errors.map((error) => [error.status, error.error.code]), [[400, "0x80044331"]]);
    return true;
  });
  assert.equal(await count(), rows);
  assert.equal((await read(ada, ["address1_city"])).address1_city, "Leiden");
});

test("a batch that is told to go on has an answer for each part", async () => {
  client.startBatch();
  client.retrieve({ ...accounts, key: ada, select: ["name"], inChangeSet: false });
  client.retrieve({ ...accounts, key: MISSING, select: ["name"], inChangeSet: false });
  client.create({ ...accounts, data: { name: "Went on" }, inChangeSet: false });
  const [first, second, third] = await client.executeBatch({ continueOnError: true });
  assert.equal(first.name, "Ada Mills");
  assert.deepEqual([second.status, second.error.code], [404, "0x80040217"]);
  assert.equal((await read(third, ["name"])).name, "Went on");
  await client.deleteRecord({ ...accounts, key: third });
});

test("a batch stops at its first error", async () => {
  client.startBatch();
  client.retrieve({ ...accounts, key: MISSING, select: ["name"], inChangeSet: false });
  client.create({ ...accounts, data: { name: "Never made" }, inChangeSet: false });
  await assert.rejects(client.executeBatch(), (errors) => {
    assert.deepEqual(errors.map((error) => error.status), [404]);
    return true;
  });
  assert.equal(await count("name eq 'Never made'"), 0);
});

test("a delta names what was changed, created and deleted since, and then nothing", async () => {
  const tracked = { ...accounts, select: ["name"], trackChanges: true };
  const doomed = await created({ name: "Doomed" });
  const start = await client.retrieveMultiple(tracked);
  assert.equal(start.value.length, await count());
  const fresh = await created({ name: "Fresh" });
  await client.update({ ...accounts, key: ada, data: { name: "Ada Mills-Fox" } });
  await client.deleteRecord({ ...accounts, key: doomed });
  const changes = await client.retrieveMultiple(tracked, start.oDataDeltaLink);
  const changed = changes.value.filter((row) => !row.reason).map((row) => [row.accountid, row.name]);
  const deleted = changes.value.filter((row) => row.reason).map((row) => [row.id, row.reason]);
  assert.deepEqual(changed.sort(), [[ada, "Ada Mills-Fox"], [fresh, "Fresh"]].sort());
  assert.deepEqual(deleted, [[doomed, "deleted"]]);
  const nothing = await client.retrieveMultiple(tracked, changes.oDataDeltaLink);
  assert.deepEqual(nothing.value, []);
  await client.deleteRecord({ ...accounts, key: fresh });
});

test("CreateMultiple makes all or none", async () => {
  const target = (name) => ({ name, "@odata.type": "Microsoft.Dynamics.CRM.account" });
  const createMultiple = (...names) =>
    client.callAction({
      ...accounts,
      actionName: "Microsoft.Dynamics.CRM.CreateMultiple",
      action: { Targets: names.map(target) },
    });
  const { Ids: ids } = await createMultiple("Many", "Many");
  assert.equal(ids.length, 2);
  await refused(createMultiple("Many", "x".repeat(161)), 400, "0x80044331");
  assert.equal(await count("name eq 'Many'"), 2);
  for (const key of ids) {
    await client.deleteRecord({ ...accounts, key });
  }
});

test("a delete under an old version is refused, under the right one done", async () => {
  const key = await created({ name: "Short-lived" });
  const old = (await read(key, ["name"]))["@odata.etag"];
  await client.update({ ...accounts, key, data: { name: "Changed" } });
  await refused(client.deleteRecord({ ...accounts, key, ifmatch: old }), 412, "0x80060882");
  const version = (await read(key, ["name"]))["@odata.etag"];
  await client.deleteRecord({ ...accounts, key, ifmatch: version });
  await refused(read(key), 404, "0x80040217");
});

test("errors carry Dataverse's statuses and codes", async () => {
  await refused(client.update({ ...accounts, key: MISSING, data: { name: "x" } }), 404, "0x80040217");
  await refused(read("accountnumber='NOBODY'"), 404, "0x80060891");
  await refused(read("fax='1'"), 400, "0x80060888");
  await refused(created({ name: "x", accountnumber: "ADA" }), 412, "0x80060892");
  await refused(created({ name: "x".repeat(161) }), 400, "0x80044331");
  await refused(created({ nme: "x" }), 400, "0x80048d19");
  await refused(client.retrieveMultiple({ collection: "nothings" }), 404, "0x8006088a");
  await refused(client.retrieveMultiple({ ...accounts, filter: "nme eq 'x'" }), 400, "0x0");
  const stranger = new DynamicsWebApi({
    serverUrl: `${addresses.dataverse}/`,
    dataApi: { version: "9.2" },
    onTokenRefresh: async () => "not-a-token",
  });
  await refused(stranger.retrieve({ ...accounts, key: ada }), 401, "0x8005F101");
});

test("related rows are made together, expanded, and taken apart", async () => {
  const key = await created({
    name: "Head office",
    account_parent_account: [{ name: "Branch 1" }, { name: "Branch 2" }],
    primarycontactid: { firstname: "Ann", lastname: "Lee" },
  });
  const row = await client.retrieve({
    ...accounts,
    key,
    select: ["name"],
    expand: [
      { property: "primarycontactid", select: ["fullname"] },
      { property: "account_parent_account", select: ["name"], orderBy: ["name"] },
    ],
  });
  assert.equal(row.primarycontactid.fullname, "Ann Lee");
  assert.deepEqual(row.account_parent_account.map((branch) => branch.name), ["Branch 1", "Branch 2"]);
  const relation = {
    ...accounts,
    primaryKey: key,
    relationshipName: "account_parent_account",
    relatedCollection: "accounts",
    relatedKey: row.account_parent_account[0].accountid,
  };
  await client.disassociate(relation);
  assert.equal(await count(`_parentaccountid_value eq ${key}`), 1);
  await client.associate(relation);
  assert.equal(await count(`_parentaccountid_value eq ${key}`), 2);
});

test("FetchXML and aggregates are answered", async () => {
  const fetched = await client.fetch({
    ...accounts,
    fetchXml:
      "<fetch count='2' page='1'><entity name='account'><attribute name='name'/><order attribute='name'/>" +
      "<filter><condition attribute='name' operator='like' value='b%'/></filter></entity></fetch>",
    includeAnnotations: "*",
  });
  assert.equal(fetched.value.length, 2);
  assert.equal(fetched.PagingInfo.nextPage, 2);
  const groups = await client.retrieveMultiple({
    ...accounts,
    apply: "groupby((customertypecode),aggregate($count as n))",
  });
  const total = groups.value.reduce((sum, group) => sum + group.n, 0);
  assert.equal(total, await count());
});
