//! The shipped templates of projects, embedded as the readable files they are.

/// A project to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectTemplate {
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    pub text: &'static str,
}

/// The shipped templates.
pub const TEMPLATES: [ProjectTemplate; 2] = [
    ProjectTemplate {
        name: "prospect-to-cash-sales-to-erp",
        about: "accounts and contacts from Sales to the ERP, products from the ERP",
        text: include_str!("templates/prospect-to-cash-sales-to-erp.toml"),
    },
    ProjectTemplate {
        name: "prospect-to-cash-erp-to-sales",
        about: "customers, contacts and products from the ERP to Sales",
        text: include_str!("templates/prospect-to-cash-erp-to-sales.toml"),
    },
];

/// Returns a shipped template.
#[must_use]
pub fn template(name: &str) -> Option<&'static ProjectTemplate> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{clashes, dependency_order, parse_project};

    #[test]
    fn every_template_is_a_project_of_accounts_contacts_and_products_under_its_name() {
        for template in TEMPLATES {
            let project = parse_project(template.name, template.text, |name| name == "erp").unwrap();
            assert_eq!(project.name, template.name);
            let mut tasks: Vec<_> = project.tasks.iter().map(|task| task.name.as_str()).collect();
            tasks.sort_unstable();
            assert_eq!(tasks, ["accounts", "contacts", "products"]);
            let mappings: Vec<_> = project.mappings().cloned().collect();
            assert_eq!(dependency_order(&mappings), Ok(vec![0, 1, 2]));
            assert_eq!(clashes(&mappings), []);
            assert!(template.about.len() <= 70);
        }
    }

    #[test]
    fn a_template_is_found_by_its_name_only() {
        assert_eq!(
            template("prospect-to-cash-erp-to-sales").map(|found| found.about),
            Some(TEMPLATES[1].about)
        );
        assert_eq!(template("prospect"), None);
    }
}
