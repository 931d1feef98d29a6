// Serves customers by a server that others wrote, twice: as any OData service and below a company as Business Central
// addresses one. Nothing here answers for the server; addresses below the company are only shortened.
const http = require('node:http')
const Datastore = require('@seald-io/nedb')
const odata = require('simple-odata-server')
const adapter = require('simple-odata-server-nedb')

const COMPANY = '3f000000-0000-4000-8000-000000000002'
const customers = new Datastore({ inMemoryOnly: true })
for (const [number, displayName, city, creditLimit] of [
  ['N-1', "O'Brien & Søn", 'Aarhus', 10.5],
  ['N-2', 'Bos 100%', 'Utrecht', 20000],
  ['N-3', 'Acme + Co', null, 0]
]) customers.insert({ number, displayName, city, creditLimit })

const text = { type: 'Edm.String' }
const server = odata('http://127.0.0.1')
  .model({
    namespace: 'Shop',
    entityTypes: {
      Customer: {
        _id: { type: 'Edm.String', key: true },
        number: text,
        displayName: text,
        city: text,
        creditLimit: { type: 'Edm.Decimal' }
      }
    },
    entitySets: { customers: { entityType: 'Shop.Customer' } }
  })
  .adapter(adapter((set, done) => done(null, customers)))

const below = new RegExp(`^/v2.0/trial/api/v2.0(/companies\\(${COMPANY}\\))?`)
http.createServer((request, response) => {
  request.url = request.url.replace(below, '') || '/'
  server.handle(request, response)
}).listen(Number(process.argv[2]), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}`)
})
