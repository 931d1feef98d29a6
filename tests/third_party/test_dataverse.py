"""The simulated Dataverse, used by PowerPlatform-Dataverse-Client, Microsoft's own client for Python."""

import json
import os
import unittest
from types import SimpleNamespace

from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

ADDRESSES = json.loads(os.environ["TANDEM_ADDRESSES"])
YEAR_2100 = 4102444800


def fixed_token(*_scopes, **_options) -> AccessToken:
    return AccessToken(ADDRESSES["access_token"], YEAR_2100)


class Dataverse(unittest.TestCase):
    """What its records, batches and tables do."""

    def setUp(self):
        self.client = DataverseClient(ADDRESSES["dataverse"], SimpleNamespace(get_token=fixed_token))
        self.addCleanup(self.client.close)
        self.records = self.client.records

    def create(self, **data) -> str:
        key = self.records.create("account", data)
        self.addCleanup(self.remove, key)
        return key

    def remove(self, key: str) -> None:
        if self.records.retrieve("account", key, select=["name"]) is not None:
            self.records.delete("account", key)

    def names(self, text: str) -> list[str]:
        found = self.records.list("account", filter=text, select=["name"], orderby=["name"])
        return [row["name"] for row in found]

    def test_a_row_is_created_read_changed_and_deleted(self):
        key = self.create(name="Contoso", accountnumber="MS1")
        row = self.records.retrieve(
            "account", key, select=["name", "accountnumber"], expand=["transactioncurrencyid"]
        )
        self.assertEqual((row["name"], row["accountnumber"]), ("Contoso", "MS1"))
        self.assertEqual(row["transactioncurrencyid"]["isocurrencycode"], "USD")
        self.records.update("account", key, {"name": "Contoso NV"})
        self.assertEqual(self.names("accountnumber eq 'MS1'"), ["Contoso NV"])
        self.records.delete("account", key)
        self.assertIsNone(self.records.retrieve("account", key, select=["name"]))

    def test_many_rows_are_created_and_changed_at_once(self):
        keys = self.records.create("account", [{"name": "Bulk 1"}, {"name": "Bulk 2"}])
        for key in keys:
            self.addCleanup(self.remove, key)
        self.records.update("account", keys, {"telephone1": "12345"})
        self.assertEqual(self.names("telephone1 eq '12345'"), ["Bulk 1", "Bulk 2"])

    def test_an_upsert_by_alternate_key_creates_then_updates(self):
        for name in ["First", "Second"]:
            self.records.upsert(
                "account", [{"alternate_key": {"accountnumber": "MS2"}, "record": {"name": name}}]
            )
            self.assertEqual(self.names("accountnumber eq 'MS2'"), [name])
        (row,) = self.records.list("account", filter="accountnumber eq 'MS2'", select=["name"])
        self.remove(row["accountid"])

    def test_pages_together_hold_every_row_once(self):
        pages = [[row["accountid"] for row in page] for page in self.records.list_pages("account", page_size=40)]
        keys = [key for page in pages for key in page]
        self.assertEqual([len(page) for page in pages[:-1]], [40] * (len(pages) - 1))
        self.assertGreater(len(pages), 1)
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(len(keys), len(list(self.records.list("account", select=["accountid"]))))

    def test_a_change_set_is_done_as_a_whole(self):
        batch = self.client.batch.new()
        with batch.changeset() as changes:
            parent = changes.records.create("account", {"name": "Parent"})
            changes.records.create("account", {"name": "Child", "parentaccountid@odata.bind": parent})
        result = batch.execute()
        parent, child = result.entity_ids
        self.addCleanup(self.remove, parent)
        self.addCleanup(self.remove, child)
        row = self.records.retrieve("account", child, select=["_parentaccountid_value"])
        self.assertEqual(row["_parentaccountid_value"], parent)

    def test_a_change_set_with_a_bad_part_leaves_nothing_behind(self):
        batch = self.client.batch.new()
        with batch.changeset() as changes:
            changes.records.create("account", {"name": "Rolled back"})
            changes.records.create("account", {"name": "x" * 161})
        result = batch.execute(continue_on_error=True)
        self.assertEqual(
            [(item.status_code, item.error_code) for item in result.responses], [(400, "0x80044331")]
        )
        self.assertEqual(self.names("name eq 'Rolled back'"), [])

    def test_a_refused_write_names_dataverses_code(self):
        self.create(name="Contoso", accountnumber="MS3")
        with self.assertRaises(HttpError) as refused:
            self.create(name="Contoso", accountnumber="MS3")
        self.assertEqual(refused.exception.status_code, 412)
        self.assertEqual(refused.exception.details["service_error_code"], "0x80060892")

    def test_tables_are_described(self):
        table = self.client.tables.get("account")
        self.assertEqual((table.entity_set_name, table.primary_id_attribute), ("accounts", "accountid"))
        expands = {(expand["nav_property"], expand["target_table"]) for expand in self.client.query.odata_expands("account")}
        self.assertIn(("transactioncurrencyid", "transactioncurrency"), expands)

    def test_a_table_is_made_with_a_key_that_becomes_active(self):
        tables = self.client.tables
        table = tables.create("tnd_Gadget", {"tnd_Code": "string", "tnd_Weight": "decimal", "tnd_Sold": "bool"})
        self.assertEqual(table.entity_set_name, "tnd_gadgets")
        tables.add_columns("tnd_Gadget", {"tnd_Note": "memo"})
        tables.create_lookup_field("tnd_gadget", "tnd_AccountId", "account")
        tables.create_alternate_key("tnd_Gadget", "tnd_CodeKey", ["tnd_code"])
        states = [tables.get_alternate_keys("tnd_Gadget")[0].status for _ in range(3)]
        self.assertEqual(states, ["Pending", "InProgress", "Active"])
        account = self.create(name="Owner of gadgets")
        data = {"tnd_name": "G", "tnd_code": "1", "tnd_weight": 2.5, "tnd_AccountId@odata.bind": f"/accounts({account})"}
        key = self.records.create("tnd_gadget", data)
        row = self.records.retrieve("tnd_gadget", key, select=["tnd_weight", "_tnd_accountid_value"])
        self.assertEqual((row["tnd_weight"], row["_tnd_accountid_value"]), (2.5, account))
        with self.assertRaises(HttpError) as refused:
            self.records.create("tnd_gadget", {"tnd_name": "H", "tnd_code": "1"})
        self.assertEqual(refused.exception.details["service_error_code"], "0x80060892")

    def test_many_rows_are_deleted_by_a_job(self):
        keys = self.records.create("account", [{"name": "Doomed 1"}, {"name": "Doomed 2"}])
        self.assertIsNotNone(self.records.delete("account", keys))
        self.assertEqual(self.names("startswith(name,'Doomed ')"), [])


if __name__ == "__main__":
    unittest.main()
