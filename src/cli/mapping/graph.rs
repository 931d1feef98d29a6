//! `tandem mapping graph`: what runs after what.

use serde::Serialize;

use crate::config::Config;
use crate::mapping::{Field, Unresolved};
use crate::model::Side;

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;

/// A mapping in the order in which it runs.
#[derive(Debug, Serialize)]
struct Node {
    mapping: String,
    left: String,
    right: String,
    /// Their rows come first, or rows wait.
    needs: Vec<String>,
    /// Fields point to their rows, and wait alone or count as blank meanwhile.
    points_to: Vec<String>,
}

/// Shows the mappings in use in the order in which they run.
pub(super) fn graph(context: &Context) -> Result<ExitCode, CommandError> {
    let config = Config::load(&context.places)?;
    let nodes: Vec<Node> = config
        .mappings
        .iter()
        .map(|mapping| {
            let mut node = Node {
                mapping: mapping.name.to_string(),
                left: mapping.tables[Side::Left].to_string(),
                right: mapping.tables[Side::Right].to_string(),
                needs: mapping.depends_on.iter().map(ToString::to_string).collect(),
                points_to: Vec::new(),
            };
            for lookup in mapping.fields.iter().filter_map(Field::lookup) {
                let list = match lookup.unresolved {
                    Unresolved::Row => &mut node.needs,
                    Unresolved::Field | Unresolved::Blank => &mut node.points_to,
                };
                list.extend(lookup.mappings.iter().map(ToString::to_string));
            }
            for list in [&mut node.needs, &mut node.points_to] {
                list.sort();
                list.dedup();
            }
            node.points_to.retain(|name| !node.needs.contains(name));
            node
        })
        .collect();
    context.output.show(&nodes, |nodes| render(nodes));
    Ok(ExitCode::Success)
}

fn render(nodes: &[Node]) -> String {
    let mut lines = Vec::new();
    for node in nodes {
        lines.push(format!("{}: {} - {}", node.mapping, node.left, node.right));
        lines.extend(node.needs.iter().map(|name| format!("  after {name}")));
        lines.extend(
            node.points_to.iter().map(|name| format!("  points to {name}, and does not wait for it")),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mapping_says_what_it_comes_after() {
        let nodes = [Node {
            mapping: "CUSTOMER".to_owned(),
            left: "customers".to_owned(),
            right: "accounts".to_owned(),
            needs: vec!["CURRENCY".to_owned()],
            points_to: vec!["CONTACT".to_owned()],
        }];
        let expected =
            "CUSTOMER: customers - accounts\n  after CURRENCY\n  points to CONTACT, and does not wait for it";
        assert_eq!(render(&nodes), expected);
    }
}
