//! Reading a project file: TOML to [`Project`], each task as the one or two mappings that it stands for.

mod expand;
mod raw;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use toml::Spanned;

use crate::mapping::project::{Project, Task};
use crate::model::{Pair, Side};

use super::place::Text;
use super::{MappingError, Reader};
use expand::{Half, Names};
use raw::{RawProject, RawTable, RawTask};

/// One of the three systems of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Source,
    Dataverse,
    Destination,
}

impl Place {
    const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Dataverse => "dataverse",
            Self::Destination => "destination",
        }
    }
}

/// The two ways rows of a task may go, in the order in which they do.
const WAYS: [Pair<Place>; 2] = [
    Pair { left: Place::Source, right: Place::Dataverse },
    Pair { left: Place::Dataverse, right: Place::Destination },
];

/// Parses a project file. `file` names it in errors; `has_companies` says of a connection whether its rows may be of several
/// companies.
pub fn parse_project(
    file: &str,
    text: &str,
    has_companies: impl Fn(&str) -> bool,
) -> Result<Project, MappingError> {
    let text = Text { file, text };
    let raw: RawProject = toml::from_str(text.text).map_err(|error| text.toml_error(&error))?;
    Reader { text }.project(&raw, has_companies)
}

impl Reader<'_> {
    fn project(
        &self,
        raw: &RawProject,
        has_companies: impl Fn(&str) -> bool,
    ) -> Result<Project, MappingError> {
        self.name_of("project", &raw.name)?;
        let schedule = self.schedule(Some(&raw.every), raw.sleep.as_ref())?;
        if let Some(company) = &raw.company {
            self.has_company(raw, company, &has_companies)?;
        }
        let names = self.names(raw)?;
        let mut tasks = Vec::with_capacity(raw.tasks.len());
        let mut last = None;
        for task in &raw.tasks {
            let task = task.get_ref();
            self.columns_have_tables(task)?;
            let mut mappings = Vec::new();
            for way in names.ways(task) {
                let half = Half { project: raw, task, way, names: &names, after: last.take() };
                let mut mapping = self.mapping_of(&half)?;
                if let Some(company) = &raw.company {
                    let belongs = Pair::from_fn(|side: Side| {
                        let table = table(task, way[side]).is_some_and(|table| table.get_ref().company);
                        table && has_companies(mapping.connections[side].as_str())
                    });
                    expand::keep_to_company(&mut mapping, &raw.company_column, company.get_ref(), belongs);
                }
                last = Some(mapping.name.clone());
                mappings.push(mapping);
            }
            tasks.push(Task { name: task.name.get_ref().clone(), mappings });
        }
        Ok(Project { name: raw.name.get_ref().clone(), schedule, tasks })
    }

    fn has_company(
        &self,
        raw: &RawProject,
        company: &Spanned<String>,
        has_companies: impl Fn(&str) -> bool,
    ) -> Result<(), MappingError> {
        let mut connections = [&raw.source, &raw.destination].into_iter().flatten();
        if company.get_ref().trim().is_empty() {
            return Err(self
                .text
                .at_value(company, "`company` is blank; give the company's code, or leave it out"));
        }
        if connections.any(|name| has_companies(name.get_ref())) {
            return Ok(());
        }
        let problem = "`company` is about connections of kind \"odata\", and neither `source` nor `destination` is one; \
                       leave it out";
        Err(self.text.at_value(company, problem))
    }

    /// Checks the names of all tasks and where their rows go.
    fn names<'a>(&self, raw: &'a RawProject) -> Result<Names<'a>, MappingError> {
        let mut names = Names::new(raw.name.get_ref());
        let mut seen = BTreeSet::new();
        for task in &raw.tasks {
            let name = &task.get_ref().name;
            self.name_of("task", name)?;
            if !seen.insert(name.get_ref()) {
                let problem = format!("there are two tasks named {}; rename one", name.get_ref());
                return Err(self.text.at_value(name, problem));
            }
            let task = task.get_ref();
            for place in [Place::Source, Place::Destination] {
                if let Some(table) = table(task, place)
                    && connection(raw, place).is_none()
                {
                    let word = place.word();
                    let problem = format!(
                        "task {} has a `{word}` table, but the project names no `{word}`; give the connection's name at the top",
                        name.get_ref()
                    );
                    return Err(self.text.at_value(table, problem));
                }
            }
            let ways: Vec<_> = WAYS
                .into_iter()
                .filter(|way| Side::BOTH.iter().all(|side| table(task, way[*side]).is_some()))
                .collect();
            if ways.is_empty() {
                let problem = format!(
                    "task {} goes nowhere; give it a `source` table, or a `destination` table, or both",
                    name.get_ref()
                );
                return Err(self.text.at_value(name, problem));
            }
            names.add(name.get_ref(), ways);
        }
        Ok(names)
    }

    /// Checks that the fields name columns of tables that the task has.
    fn columns_have_tables(&self, task: &RawTask) -> Result<(), MappingError> {
        for field in &task.fields {
            let field = field.get_ref();
            let ends = [(Place::Source, &field.source), (Place::Destination, &field.destination)];
            for (place, end) in ends {
                if let (Some(end), None) = (end, table(task, place)) {
                    let word = place.word();
                    let problem = format!(
                        "field {} names a `{word}` column, but the task has no [task.{word}]",
                        field.id.get_ref()
                    );
                    return Err(self.text.at_value(end, problem));
                }
            }
        }
        Ok(())
    }

    /// Checks a name: it becomes part of the names of mappings.
    fn name_of(&self, what: &str, name: &Spanned<String>) -> Result<(), MappingError> {
        let text = name.get_ref();
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
        if !text.is_empty() && text.trim() == text && text.chars().all(is_plain) && !text.starts_with('.') {
            return Ok(());
        }
        let problem =
            format!("\"{text}\" is no name for a {what}; write letters, digits, blanks, -, _ and dots");
        Err(self.text.at_value(name, problem))
    }
}

fn table(task: &RawTask, place: Place) -> Option<&Spanned<RawTable>> {
    match place {
        Place::Source => task.source.as_ref(),
        Place::Dataverse => Some(&task.dataverse),
        Place::Destination => task.destination.as_ref(),
    }
}

fn connection(raw: &RawProject, place: Place) -> Option<&str> {
    let name = match place {
        Place::Source => raw.source.as_ref(),
        Place::Dataverse => Some(&raw.dataverse),
        Place::Destination => raw.destination.as_ref(),
    };
    name.map(|name| name.get_ref().as_str())
}
