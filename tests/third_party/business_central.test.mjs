// The simulated Business Central, used by @odata/client, an OData client that signs in by itself too.
//
// Business Central has no alternate keys and no delta links: rows are found by number, changes by their stamp.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { EdmV4, OData, defaultProxy } from "@odata/client";

import { addresses } from "./addresses.mjs";

const COMPANY = `companies(${addresses.company})`;
const CUSTOMERS = `${COMPANY}/customers`;
const MISSING = "99999999-9999-4999-8999-999999999999";

const CREDENTIAL = {
  tokenUrl: addresses.token_url,
  clientId: addresses.client_id,
  clientSecret: addresses.client_secret,
  scope: "https://api.businesscentral.dynamics.com/.default",
};

/** The status of the last reply, of which the client itself gives only the body. */
let status;

/** Returns a client that sends these headers with every request. */
function client(headers = {}, credential = CREDENTIAL) {
  return OData.New4({
    serviceEndpoint: `${addresses.business_central}/api/v2.0/`,
    credential: credential ?? undefined,
    commonHeaders: headers,
    fetchProxy: async (url, options) => {
      const reply = await defaultProxy(url, options);
      status = reply.response.status;
      return reply;
    },
  });
}

const plain = client();
const guid = (id) => EdmV4.Guid.from(id);
const customers = (headers = {}) => client(headers).getEntitySet(CUSTOMERS);
const read = (id) => customers().retrieve(guid(id));
const find = (filter) => customers().query(plain.newOptions().filter(filter).select(["number"]));

/** Sends a request and expects an error with this status and code. */
async function refused(expected, code, request, sender = plain) {
  const reply = await sender.newRequest({ collection: CUSTOMERS, method: "GET", ...request });
  assert.deepEqual([status, reply.error?.code], [expected, code], JSON.stringify(reply));
}

/** Sends a JSON batch of requests, each `[method, id, entity, headers]` on customers; returns status and body of each. */
async function batch(requests, headers = {}) {
  const parts = requests.map(async ([method, id, entity, partHeaders = {}]) => {
    const part = await plain.newBatchRequest({ collection: CUSTOMERS, method, id: id && guid(id), entity });
    Object.assign(part.init.headers, partHeaders);
    return part;
  });
  const replies = await client(headers).execBatchRequestsJson(parts);
  return Promise.all(replies.map(async (reply) => [reply.status, await reply.json()]));
}

const statuses = (replies) => replies.map(([status]) => status);

let ada;
before(async () => {
  ada = await customers().create({ number: "ADA", displayName: "Ada Mills", city: "Delft", currencyCode: "EUR" });
});

test("the company is named in the list of companies", async () => {
  const companies = await plain.getEntitySet("companies").query();
  assert.deepEqual(companies.map((company) => company.id), [addresses.company]);
});

test("a created row is read back as it was sent, blanks filled in", async () => {
  const row = await read(ada.id);
  assert.deepEqual(row, { ...ada, "@odata.context": row["@odata.context"] });
  assert.deepEqual(
    [row.number, row.displayName, row.city, row.email, row.blocked, row.currencyCode],
    ["ADA", "Ada Mills", "Delft", "", "_x0020_", "EUR"],
  );
  assert.match(row["@odata.etag"], /^W\/"[A-Za-z0-9+/=]+"$/);
});

test("a row without a number gets the next of its series", async () => {
  const row = await customers().create({ displayName: "Unnumbered" });
  assert.match(row.number, /^C\d{5}$/);
  await customers().delete(guid(row.id));
});

test("rows are selected, filtered, ordered, counted, and their references expanded", async () => {
  const reply = await plain.newRequest({
    collection: CUSTOMERS,
    method: "GET",
    params: plain
      .newOptions()
      .filter("number eq 'ADA' or number eq 'BONAP'")
      .select(["number"])
      .orderby("number", "desc")
      .expand("currency($select=code)")
      .count(),
  });
  assert.equal(reply["@odata.count"], 2);
  const [bonap, first] = reply.value;
  assert.deepEqual([bonap.number, first.number], ["BONAP", "ADA"]);
  assert.equal(first.currency.code, "EUR");
  assert.deepEqual(Object.keys(first), ["@odata.etag", "number", "currency"]);
});

test("an update under the right version is done, under an old one refused", async () => {
  const { "@odata.etag": version } = await read(ada.id);
  await customers({ "If-Match": version }).update(guid(ada.id), { city: "Leiden" });
  const update = { method: "PATCH", id: guid(ada.id), entity: { city: "Gouda" } };
  await refused(409, "Request_EntityChanged", update, client({ "If-Match": version }));
  await refused(400, "BadRequest_InvalidToken", update);
  const row = await read(ada.id);
  assert.equal(row.city, "Leiden");
  assert.notEqual(row["@odata.etag"], version);
});

test("a row is found by its number, and made only if it is not there", async () => {
  assert.deepEqual((await find("number eq 'ADA'")).length, 1);
  assert.deepEqual(await find("number eq 'GRACE'"), []);
  const grace = await customers().create({ number: "grace", displayName: "Grace" });
  assert.deepEqual((await find("number eq 'GRACE'")).map((row) => row.number), ["GRACE"]);
  await refused(400, "Internal_EntityWithSameKeyExists", {
    method: "POST",
    entity: { number: "GRACE", displayName: "Grace again" },
  });
  await customers().delete(guid(grace.id));
});

test("pages together hold every row once", async () => {
  const paged = client({ Prefer: "odata.maxpagesize=40" });
  const ids = [];
  let page = await paged.newRequest({ collection: CUSTOMERS, method: "GET", params: plain.newOptions().select("id") });
  let pages = 1;
  for (; page["@odata.nextLink"]; pages += 1) {
    assert.equal(page.value.length, 40);
    ids.push(...page.value.map((row) => row.id));
    page = await paged.requestUri(page["@odata.nextLink"]);
  }
  ids.push(...page.value.map((row) => row.id));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.length, await customers().count());
  assert.equal(pages, Math.ceil(ids.length / 40));
  assert.ok(pages > 1);
});

test("a batch is done in order, and stops at its first error", async () => {
  const { "@odata.etag": version } = await read(ada.id);
  const replies = await batch([
    ["PATCH", ada.id, { city: "Utrecht" }, { "If-Match": version }],
    ["PATCH", ada.id, { city: "Never" }, { "If-Match": version }],
    ["POST", undefined, { number: "NEVER", displayName: "Never made" }],
  ]);
  assert.deepEqual(statuses(replies), [200, 409]);
  assert.equal(replies[0][1].city, "Utrecht");
  assert.equal(replies[1][1].error.code, "Request_EntityChanged");
  assert.equal((await read(ada.id)).city, "Utrecht");
  assert.deepEqual(await find("number eq 'NEVER'"), []);
});

test("a batch that is told to go on has an answer for each part", async () => {
  const replies = await batch(
    [["GET", MISSING], ["GET", ada.id], ["POST", undefined, { number: "ON", displayName: "Went on" }]],
    { Prefer: "odata.continue-on-error" },
  );
  assert.deepEqual(statuses(replies), [404, 200, 201]);
  await customers().delete(guid(replies[2][1].id));
});

test("a snapshot batch with a bad part leaves nothing behind", async () => {
  const good = ["POST", undefined, { number: "BACK", displayName: "Rolled back" }];
  const bad = ["POST", undefined, { number: "BACK", displayName: "Twice" }];
  const replies = await batch([good, bad], { Isolation: "snapshot" });
  assert.equal(replies.at(-1)[1].error.code, "Internal_EntityWithSameKeyExists");
  assert.deepEqual(await find("number eq 'BACK'"), []);
  assert.deepEqual(statuses(await batch([good], { Isolation: "snapshot" })), [201]);
  const [row] = await customers().query(plain.newOptions().filter("number eq 'BACK'"));
  await customers().delete(guid(row.id));
});

test("what changed is found by its stamp, what was deleted by its absence", async () => {
  const { lastModifiedDateTime: since } = await read(ada.id);
  const doomed = await customers().create({ number: "DOOMED", displayName: "Doomed" });
  const changed = (await find(`lastModifiedDateTime ge ${since}`)).map((row) => row.number);
  assert.deepEqual(changed.sort(), ["ADA", "DOOMED"]);
  await customers().delete(guid(doomed.id));
  await refused(404, "BadRequest_ResourceNotFound", { id: guid(doomed.id) });
  assert.deepEqual(await find(`id eq ${doomed.id}`), []);
});

test("a delete under an old version is refused, under the right one done", async () => {
  const row = await customers().create({ number: "SHORT", displayName: "Short-lived" });
  await customers({ "If-Match": row["@odata.etag"] }).update(guid(row.id), { displayName: "Changed" });
  const old = client({ "If-Match": row["@odata.etag"] });
  await refused(409, "Request_EntityChanged", { method: "DELETE", id: guid(row.id) }, old);
  const { "@odata.etag": version } = await read(row.id);
  await customers({ "If-Match": version }).delete(guid(row.id));
  await refused(404, "BadRequest_ResourceNotFound", { id: guid(row.id) });
});

test("errors carry Business Central's codes", async () => {
  const create = (entity) => ({ method: "POST", entity });
  const filter = (text) => ({ params: plain.newOptions().filter(text) });
  await refused(400, "BadRequest", create({ nme: "x" }));
  await refused(400, "BadRequest_InvalidOperation", create({ displayName: "x", balanceDue: 1 }));
  await refused(400, "Application_StringExceededLength", create({ displayName: "x".repeat(101) }));
  await refused(400, "BadRequest", filter("nme eq 'x'"));
  await refused(501, "BadRequest_MethodNotImplemented", filter("number eq 'ADA' or city eq 'Delft'"));
  await refused(404, "BadRequest_ResourceNotFound", { collection: `${COMPANY}/nothings` });
  await refused(404, "Internal_CompanyNotFound", { collection: `companies(${MISSING})/customers` });
  const stranger = client({ Authorization: "Bearer not-a-token" }, null);
  await refused(401, "Authentication_InvalidCredentials", {}, stranger);
});

test("a wrong secret gets no token", async () => {
  const stranger = client({}, { ...CREDENTIAL, clientSecret: "wrong" });
  await assert.rejects(stranger.getEntitySet("companies").query(), /invalid_client/);
});
