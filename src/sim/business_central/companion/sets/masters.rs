//! Small masters: currencies, terms, methods, agents, units.

use crate::sim::business_central::companion::declare::{
    CREATE_UPDATE, Declaration, READ, code, date, decimal, read, text, view,
};

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view(
            "currencies",
            "currency",
            "currencies",
            &["code"],
            CREATE_UPDATE,
            vec![
                code("code", 10).insert(),
                code("isoCode", 3),
                text("displayName", 30),
                text("symbol", 10),
                text("amountDecimalPlaces", 5).read(),
                decimal("amountRoundingPrecision").read(),
            ],
        ),
        view(
            "currencyExchangeRates",
            "currencyExchangeRate",
            "currencyExchangeRates",
            &["currencyCode", "startingDate"],
            READ,
            read(vec![
                code("currencyCode", 10),
                date("startingDate"),
                decimal("exchangeRateAmount"),
                code("relationalCurrencyCode", 10),
                decimal("relationalExchangeRateAmount"),
            ]),
        ),
        view(
            "paymentTerms",
            "paymentTerm",
            "paymentTerms",
            &["code"],
            CREATE_UPDATE,
            vec![
                code("code", 10).insert(),
                text("displayName", 100),
                text("dueDateCalculation", 32),
                text("discountDateCalculation", 32),
                decimal("discountPercent"),
            ],
        ),
        view(
            "shipmentMethods",
            "shipmentMethod",
            "shipmentMethods",
            &["code"],
            CREATE_UPDATE,
            vec![code("code", 10).insert(), text("displayName", 100)],
        ),
        view(
            "shippingAgents",
            "shippingAgent",
            "shippingAgents",
            &["code"],
            CREATE_UPDATE,
            vec![code("code", 10).insert(), text("displayName", 50), text("internetAddress", 250)],
        ),
        view(
            "unitsOfMeasure",
            "unitOfMeasure",
            "unitsOfMeasure",
            &["code"],
            CREATE_UPDATE,
            vec![
                code("code", 10).insert(),
                text("displayName", 50),
                code("internationalStandardCode", 10),
                text("symbol", 10),
            ],
        ),
    ]
}
