// Tandem keeps a server that others wrote in step with a simulated Dataverse: as the generic OData kind and in the
// dialect of Business Central. Run: npm ci && npm test; TANDEM names another binary than target/debug/tandem
const assert = require('node:assert/strict')
const { spawn, execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { once } = require('node:events')
const test = require('node:test')

const TANDEM = path.resolve(process.env.TANDEM ?? path.join(__dirname, '../../../target/debug/tandem'))
const COMPANY = '3f000000-0000-4000-8000-000000000002'

const CONNECTIONS = {
  odata: (address) => `kind = "odata"\nurl = "${address}"\n`,
  'business-central': (address) =>
    `kind = "business-central"\nurl = "${address}/v2.0/trial"\ncompany = "${COMPANY}"\nbatch = "none"\n`
}

/// The server gives no versions. In the other dialect its rows are only created.
const MAPPINGS = { odata: 'unguarded = true\n', 'business-central': '' }

/// Starts a process and returns it with its first line.
async function start (context, command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill())
  child.stdout.setEncoding('utf8')
  let text = ''
  while (!text.includes('\n')) [text] = [text + (await once(child.stdout, 'data'))[0]]
  child.stdout.resume()
  return text.split('\n')[0]
}

/// Starts both systems and writes a configuration; returns how to ask them and how to sync.
async function world (context, kind, mapping = '') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tandem-'))
  context.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const simulated = JSON.parse(await start(context, TANDEM, ['simulate', '--write-config', folder]))
  const shop = await start(context, process.execPath, [path.join(__dirname, 'server.js'), '0'])
  const file = path.join(folder, 'tandem.toml')
  const config = fs.readFileSync(file, 'utf8')
  const signIn = config.split('[connections.business-central.sign_in]')[1].split('[')[0]
  const rest = config.slice(config.indexOf('[connections.dataverse]'))
  const top = config.slice(0, config.indexOf('[connections.business-central]'))
  fs.writeFileSync(file, top.replace(/^left = .*$/m, 'left = "shop"').replace(/^mappings = .*$/m, 'mappings = ["SHOP"]') +
    `[connections.shop]\n${CONNECTIONS[kind](shop)}settle_secs = 2\n[connections.shop.sign_in]${signIn}${rest}`)
  fs.mkdirSync(path.join(folder, 'mappings'), { recursive: true })
  const text = fs.readFileSync(path.join(__dirname, 'mapping.toml'), 'utf8')
  fs.writeFileSync(path.join(folder, 'mappings', 'SHOP.toml'), mapping + text)

  const headers = { Authorization: `Bearer ${simulated.access_token}`, 'Content-Type': 'application/json' }
  const ask = async (url, options = {}) => {
    const answer = await fetch(url, options)
    assert.ok(answer.ok, `${url}: ${answer.status}`)
    return answer.status === 204 ? null : answer.json()
  }
  const accounts = `${simulated.dataverse}/api/data/v9.2/accounts`
  const patch = (body) => ({ method: 'PATCH', body: JSON.stringify(body) })
  const tandem = (...words) => execFileSync(TANDEM, [...words, '--dir', folder], { encoding: 'utf8' })
  return {
    sync: () => tandem('sync', '--yes'),
    history: (run) => tandem('history', '--json', String(run)),
    setMapping: (top) => fs.writeFileSync(path.join(folder, 'mappings', 'SHOP.toml'), top + text),
    customers: async () => (await ask(`${shop}/customers`)).value,
    accounts: async () => (await ask(`${accounts}?$filter=accountnumber ne null and accountnumber ne ''`, { headers })).value,
    editCustomer: (row, body) =>
      ask(`${shop}/customers('${row._id}')`, { ...patch(body), headers: { 'Content-Type': 'application/json' } }),
    editAccount: (row, body) =>
      ask(`${accounts}(${row.accountid})`, { ...patch(body), headers: { ...headers, 'If-Match': '*' } })
  }
}

const shown = (number, name, city, limit) => `${number}|${name}|${city || ''}|${Number(limit ?? 0)}`

async function assertInStep (world) {
  const customers = (await world.customers()).map((row) => shown(row.number, row.displayName, row.city, row.creditLimit))
  const accounts = (await world.accounts()).map((row) => shown(row.accountnumber, row.name, row.address1_city, row.creditlimit))
  assert.deepEqual(customers.sort(), accounts.sort())
  assert.equal(new Set(customers).size, customers.length)
  return customers.length
}

const find = (rows, property, number) => rows.find((row) => row[property] === number)

for (const kind of Object.keys(CONNECTIONS)) {
  test(`${kind}: rows are created on both sides and an edit there arrives here`, async (context) => {
    const there = await world(context, kind, MAPPINGS[kind])
    const before = (await there.accounts()).length
    there.sync()
    assert.equal(await assertInStep(there), before + 3)
    await there.editCustomer(find(await there.customers(), 'number', 'N-2'), { city: 'Breda' })
    there.sync()
    assert.equal(find(await there.accounts(), 'accountnumber', 'N-2').address1_city, 'Breda')
    await assertInStep(there)
  })
}

test('odata: edits of one row on both sides are merged, without versions', async (context) => {
  const there = await world(context, 'odata', MAPPINGS.odata)
  there.sync()
  await there.editCustomer(find(await there.customers(), 'number', 'N-1'), { city: 'Odense' })
  await there.editAccount(find(await there.accounts(), 'accountnumber', 'N-1'), { name: 'Changed in Dataverse' })
  there.sync()
  const merged = find(await there.customers(), 'number', 'N-1')
  assert.equal(shown(merged.number, merged.displayName, merged.city, merged.creditLimit), 'N-1|Changed in Dataverse|Odense|10.5')
  await assertInStep(there)
  assert.match(there.history(2), /"done, unguarded"/)
})

test('odata: a row without a version is left alone until its mapping says otherwise', async (context) => {
  const there = await world(context, 'odata')
  there.sync()
  await there.editAccount(find(await there.accounts(), 'accountnumber', 'N-2'), { address1_city: 'Breda' })
  const before = await there.customers()
  for (const _ of [1, 2]) {
    assert.match(there.sync(), /gives the row no version.*`unguarded = true`/)
    assert.deepEqual(await there.customers(), before)
  }
  there.setMapping('unguarded = true\n')
  there.sync()
  assert.equal(find(await there.customers(), 'number', 'N-2').city, 'Breda')
  assert.match(there.history(4), /"done, unguarded"/)
  await assertInStep(there)
})
