//! `tandem mapping list`.

use std::collections::BTreeSet;
use std::fs;

use serde::Serialize;

use crate::config::{ConfigError, Settings, mapping_source, parse_mapping};
use crate::model::Side;

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;
use super::super::table::table;
use super::shipped;

/// One mapping.
#[derive(Debug, Serialize)]
struct Listed {
    mapping: String,
    left: String,
    right: String,
    fields: usize,
    used: bool,
    /// Whether there is a file of your own.
    own: bool,
}

/// Lists shipped mappings and those with files.
pub(super) fn list(context: &Context) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let files = fs::read_dir(context.places.mappings()).into_iter().flatten().filter_map(Result::ok);
    let own: BTreeSet<String> =
        files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned())).collect();
    let mut names: Vec<String> = shipped().map(str::to_owned).collect();
    names.extend(own.iter().filter(|name| shipped().all(|known| known != *name)).cloned());
    let mut listed = Vec::new();
    for name in names {
        let mapping =
            parse_mapping(&settings, &mapping_source(&context.places, &name)?).map_err(ConfigError::from)?;
        listed.push(Listed {
            left: mapping.tables[Side::Left].to_string(),
            right: mapping.tables[Side::Right].to_string(),
            fields: mapping.fields.len(),
            used: settings.mappings.contains(&name),
            own: own.contains(&name),
            mapping: name,
        });
    }
    context.output.show(&listed, |listed| render(listed));
    Ok(ExitCode::Success)
}

fn render(listed: &[Listed]) -> String {
    let row = |listed: &Listed| {
        vec![
            listed.mapping.clone(),
            listed.left.clone(),
            listed.right.clone(),
            listed.fields.to_string(),
            if listed.used { "in use" } else { "" }.to_owned(),
            if listed.own { "your file" } else { "shipped" }.to_owned(),
        ]
    };
    table(&["mapping", "left", "right", "fields#", "", "from"], listed.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_listed_in_at_most_100_columns() {
        let listed = |mapping: &str, used, own| Listed {
            mapping: mapping.to_owned(),
            left: "customers".to_owned(),
            right: "accounts".to_owned(),
            fields: 12,
            used,
            own,
        };
        let text = render(&[listed("CUSTOMER", true, false), listed("MINE", false, true)]);
        insta::assert_snapshot!(text, @r"
        mapping   left       right     fields          from
        ────────────────────────────────────────────────────────
        CUSTOMER  customers  accounts      12  in use  shipped
        MINE      customers  accounts      12          your file
        ");
    }
}
