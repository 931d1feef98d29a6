//! `tandem mapping check`: what is wrong with mappings, before anything is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Config, MappingSource};
use crate::mapping::{self, LeftOut, Mapping, Names, Resolver, TranslateError};
use crate::model::{
    ColumnName, ConnectionName, FieldId, MappingName, Pair, Row, RowId, Side, TableDescription,
};
use crate::systems::{self, ChangeQuery, Cursor, Examine, Next, SystemError, TableDetails};

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;
use super::super::table::counted;
use super::arguments::CheckArguments;

/// What was found of one mapping.
#[derive(Debug, Serialize)]
struct Checked {
    mapping: String,
    findings: Vec<Found>,
    /// Optional fields that are not kept here, and why.
    left_out: Vec<String>,
    /// What is good to know.
    notes: Vec<String>,
    /// Rows looked at, on each side.
    rows: Pair<usize>,
}

impl Checked {
    fn unusable(mapping: &Mapping, source: &MappingSource, error: &SystemError) -> Self {
        let remedy = match mapping.needs_companion {
            true => format!("install Tandem's companion, or take {} out of `mappings`", mapping.name),
            false => error.remedy(),
        };
        let place = source.place_of(mapping.tables.left.as_str());
        let found = Found { is_wrong: true, place, problem: format!("{error}; {remedy}"), rows: 0 };
        Self {
            mapping: mapping.name.to_string(),
            findings: vec![found],
            left_out: vec![],
            notes: vec![],
            rows: Pair::default(),
        }
    }
}

/// One thing found.
#[derive(Debug, Serialize)]
struct Found {
    /// It keeps the mapping from being used; otherwise it keeps some rows waiting.
    is_wrong: bool,
    place: String,
    problem: String,
    /// Of how many rows looked at.
    rows: usize,
}

type Systems = BTreeMap<ConnectionName, Arc<dyn Examine>>;

/// Checks one mapping, or all in use.
pub(super) async fn check(context: &Context, arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let config = Config::load(&context.places)?;
    let is_wanted =
        |mapping: &&Mapping| arguments.name.as_ref().is_none_or(|name| mapping.name.as_str() == name);
    let wanted: Vec<_> = config.mappings.iter().filter(is_wanted).collect();
    if let (true, Some(name)) = (wanted.is_empty(), &arguments.name) {
        let known: Vec<_> = config.mappings.iter().map(|mapping| mapping.name.as_str()).collect();
        let problem = format!("{name} is not among the mappings in use: {}", known.join(", "));
        return Err(
            CommandError::new(ExitCode::Usage, problem).with_remedy("add it to `mappings` in tandem.toml")
        );
    }
    let mut systems = Systems::new();
    let mut checked = Vec::new();
    for mapping in wanted {
        connect(&config, mapping, &mut systems)?;
        let both = Pair::from_fn(|side| systems[&mapping.connections[side]].as_ref());
        let source = &config.sources[&mapping.name];
        checked.push(match examine(mapping, source, both, arguments.rows).await {
            Ok(checked) => checked,
            // What one mapping lacks is no news of the others.
            Err(error) if matches!(error, SystemError::NotFound { .. } | SystemError::Forbidden { .. }) => {
                Checked::unusable(mapping, source, &error)
            }
            Err(error) => return Err(error.into()),
        });
    }
    tell_nameless(&config, &mut systems, &mut checked).await?;
    tell_clashes(&config, &mut checked);
    context.output.show(&checked, |checked| render(checked));
    let is_wrong = checked.iter().flat_map(|checked| &checked.findings).any(|found| found.is_wrong);
    Ok(if is_wrong { ExitCode::Configuration } else { ExitCode::Success })
}

/// Adds what mappings do to each other to the first of both that was looked at.
fn tell_clashes(config: &Config, checked: &mut [Checked]) {
    for mapping::Clash { mappings, table, columns } in mapping::clashes(&config.mappings) {
        let is_of = |checked: &&mut Checked| mappings.iter().any(|name| name.as_str() == checked.mapping);
        let Some(checked) = checked.iter_mut().find(is_of) else { continue };
        let [one, other] = &mappings;
        let columns: Vec<_> = columns.iter().map(ColumnName::as_str).collect();
        let problem = format!(
            "{one} and {other} both write {} of {table}, on rows that both take: each would take back what the other wrote; let \
             their filters tell the rows apart, or let one of the two only read",
            columns.join(", ")
        );
        let place = config.sources[one].place_of(columns.first().copied().unwrap_or_default());
        checked.findings.push(Found { is_wrong: false, place, problem, rows: 0 });
    }
}

/// Adds lookups by a value that the rows they point to do not have here.
async fn tell_nameless(
    config: &Config,
    systems: &mut Systems,
    checked: &mut [Checked],
) -> Result<(), CommandError> {
    for checked in checked.iter_mut() {
        let is_it = |mapping: &&Mapping| mapping.name.as_str() == checked.mapping;
        let Some(mapping) = config.mappings.iter().find(is_it) else { continue };
        let targets = mapping::named_targets(mapping);
        for target in config.mappings.iter().filter(|other| targets.contains(&other.name)) {
            connect(config, target, systems)?;
            let both = Pair::from_fn(|side| systems[&target.connections[side]].as_ref());
            let Ok(tables) = describe(target, both).await else {
                // That is told where that mapping is looked at.
                continue;
            };
            for LeftOut { field, why } in mapping::nameless(mapping, target, &tables) {
                match mapping.field(&field).is_some_and(|field| field.optional) {
                    true => checked.left_out.push(format!("{field}: {why}")),
                    false => checked.findings.push(Found {
                        is_wrong: true,
                        place: config.sources[&mapping.name].place_of_field(field.as_str()),
                        problem: format!("field {field}: {why}"),
                        rows: 0,
                    }),
                }
            }
        }
    }
    Ok(())
}

/// Sees that both systems of a mapping can be asked.
fn connect(config: &Config, mapping: &Mapping, systems: &mut Systems) -> Result<(), CommandError> {
    for name in [&mapping.connections.left, &mapping.connections.right] {
        if !systems.contains_key(name) {
            let settings = &config.settings.connections[name.as_str()];
            let system = systems::open(name, settings, &config.places.config, config.tables_used(name))?;
            systems.insert(name.clone(), system);
        }
    }
    Ok(())
}

async fn describe(
    mapping: &Mapping,
    systems: Pair<&dyn Examine>,
) -> Result<Pair<TableDescription>, SystemError> {
    Ok(Pair::new(
        systems.left.describe(&mapping.tables.left).await?,
        systems.right.describe(&mapping.tables.right).await?,
    ))
}

async fn examine(
    mapping: &Mapping,
    source: &MappingSource,
    systems: Pair<&dyn Examine>,
    rows: usize,
) -> Result<Checked, SystemError> {
    let tables = describe(mapping, systems).await?;
    let wrong = mapping::check(mapping, &tables);
    let found = |finding: &mapping::Finding| Found {
        is_wrong: true,
        place: source.place_of(finding.column.as_str()),
        problem: finding.problem.clone(),
        rows: 0,
    };
    let mut findings: Vec<_> = wrong.iter().map(found).collect();
    let mapping = mapping::fitted(mapping.clone(), &tables);
    let details = Pair::new(
        systems.left.details(&mapping.tables.left).await?,
        systems.right.details(&mapping.tables.right).await?,
    );
    let mut notes = Vec::new();
    for side in Side::BOTH {
        findings.extend(of_new_rows(&mapping, source, side, &tables[side], &details[side]));
        if let Some(filter) = &mapping.filters[side]
            && !systems[side].takes(&mapping.tables[side], filter).await?
        {
            notes.push(format!(
                "{}: {} cannot be asked for what the {side} filter takes, so that all rows are read and judged here; comparisons \
                 with `eq`, joined by `and`, can be asked",
                source.place_of_filter(side),
                mapping.connections[side]
            ));
        }
    }
    let mut looked_at = Pair::new(0, 0);
    if findings.iter().all(|found| !found.is_wrong) {
        for side in Side::BOTH {
            let sample = sample(systems[side], &mapping, side, rows).await?;
            looked_at[side] = sample.len();
            findings.extend(of_sample(&mapping, source, side, &sample, &tables, &details));
        }
    }
    let left_out = mapping.left_out.iter().map(|left| format!("{}: {}", left.field, left.why)).collect();
    Ok(Checked { mapping: mapping.name.to_string(), findings, left_out, notes, rows: looked_at })
}

/// Returns what new rows of a side would lack, and options that the mapping names and that are not there.
fn of_new_rows(
    mapping: &Mapping,
    source: &MappingSource,
    side: Side,
    table: &TableDescription,
    details: &TableDetails,
) -> Vec<Found> {
    let unfilled = mapping::unfilled(mapping, side, table, &details.required).into_iter().map(|column| {
        let table = &table.table;
        let problem = format!(
            "a new row of {table} needs {column}, which no field and no `new_row` fills: map the column, or give it a value in \
             `new_row` of [{side}]"
        );
        Found { is_wrong: false, place: source.place_of(table.as_str()), problem, rows: 0 }
    });
    let strange =
        mapping::strange_options(mapping, side, &details.choices).into_iter().map(|(column, value)| {
            let options = details.choices.get(&column).into_iter().flatten();
            let options: Vec<_> = options.map(|(number, label)| format!("{number} {label}")).collect();
            let problem = format!("{value} is no option of {column}; the options are {}", options.join(", "));
            Found { is_wrong: false, place: source.place_of_word(column.as_str()), problem, rows: 0 }
        });
    unfilled.chain(strange).collect()
}

/// Reads the first rows of a table that the mapping takes.
async fn sample(
    system: &dyn Examine,
    mapping: &Mapping,
    side: Side,
    most: usize,
) -> Result<Vec<Row>, SystemError> {
    let mut query = ChangeQuery {
        table: mapping.tables[side].clone(),
        columns: mapping.columns(side),
        cursor: Cursor::Start,
        filter: None,
    };
    let mut rows = Vec::new();
    while rows.len() < most {
        let page = system.changes(&query).await?;
        let is_taken = |row: &Row| {
            mapping.filters[side].as_ref().is_none_or(|filter| filter.accepts(row).unwrap_or_default())
        };
        rows.extend(page.rows.into_iter().filter_map(Result::ok).filter(is_taken));
        match page.next {
            Next::Page(link) => query.cursor = Cursor::Page(link),
            Next::Done(_) => break,
        }
    }
    rows.truncate(most);
    Ok(rows)
}

/// Every name is a row's, and called so.
struct SoCalled;

impl Names for SoCalled {
    fn row(&self, _: &MappingName, _: Side, _: &FieldId, name: &str) -> Option<RowId> {
        Some(RowId::new(name))
    }

    fn name(&self, _: &MappingName, _: Side, _: &FieldId, row: &RowId) -> Option<String> {
        Some(row.to_string())
    }
}

/// Returns what the rows of one side tell: values that cannot be read, and values that could not be kept on either side. Each
/// kind is told once, with an example and the number of rows.
fn of_sample(
    mapping: &Mapping,
    source: &MappingSource,
    side: Side,
    sample: &[Row],
    tables: &Pair<TableDescription>,
    details: &Pair<TableDetails>,
) -> Vec<Found> {
    let couples = |_: &MappingName, _: Side, row: &RowId| Some(row.clone());
    let resolver = Resolver { partner: &couples, names: &SoCalled, base_currency: Pair::default() };
    let mut kinds: BTreeMap<(String, String), (String, usize)> = BTreeMap::new();
    let mut tell = |field: &str, kind: &str, problem: String| {
        kinds.entry((field.to_owned(), kind.to_owned())).or_insert((problem, 0)).1 += 1;
    };
    let name = &mapping.connections[side];
    for row in sample {
        match mapping::to_record(mapping, side, row, &resolver) {
            Err(TranslateError::Stuck { field, stuck }) => {
                tell(field.as_str(), "read", format!("field {field} of {name}: {stuck}"));
            }
            Err(_) => {}
            Ok(record) => {
                for on in Side::BOTH {
                    for lapse in mapping::lapses(mapping, on, &record, &tables[on]) {
                        let (from, to) = (name, &mapping.connections[on]);
                        let problem = format!("{} from {from} in {to}: {}", lapse.value, lapse.problem);
                        tell(lapse.field.as_str(), on.word(), problem);
                    }
                    for (field, value) in mapping::strange_values(mapping, on, &record, &details[on].choices)
                    {
                        let to = &mapping.connections[on];
                        let problem = format!(
                            "{value} from {name} is no option of the choice in {to}: add the option, or map the value"
                        );
                        tell(field.as_str(), "option", problem);
                    }
                }
            }
        }
    }
    kinds
        .into_iter()
        .map(|((field, _), (problem, rows))| Found {
            is_wrong: false,
            place: source.place_of_field(&field),
            problem,
            rows,
        })
        .collect()
}

fn render(checked: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { mapping, findings, left_out, notes, rows } in checked {
        let verdict = match (findings.iter().any(|found| found.is_wrong), findings.is_empty()) {
            (true, _) => "cannot be used",
            (false, true) => "good",
            (false, false) => "can be used, but",
        };
        let _ = writeln!(text, "{mapping}: {verdict} ({} and {} rows looked at)", rows.left, rows.right);
        for Found { place, problem, rows, .. } in findings {
            let count =
                if *rows > 0 { format!(" ({})", counted(*rows as u64, "row")) } else { String::new() };
            let _ = writeln!(text, "  {place}: {problem}{count}");
        }
        for left in left_out {
            let _ = writeln!(text, "  left out: {left}");
        }
        for note in notes {
            let _ = writeln!(text, "  note: {note}");
        }
    }
    text.trim_end().to_owned()
}
