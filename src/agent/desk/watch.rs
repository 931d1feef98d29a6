//! Watching the inbox file for edits.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Watches the folder of the inbox (editors replace files, so the file itself would be lost sight of). A message arrives
/// for each burst of changes to that file; the watch ends when the returned watcher is dropped.
pub fn watch(inbox: &Path) -> notify::Result<(RecommendedWatcher, mpsc::Receiver<()>)> {
    let (sender, receiver) = mpsc::channel(1);
    let name = inbox.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = match &event {
            Ok(event) => {
                !event.kind.is_access() && event.paths.iter().any(|path| path.file_name() == name.as_deref())
            }
            // Something was missed: look.
            Err(_) => true,
        };
        if concerns {
            // A full channel holds the news already.
            let _ = sender.try_send(());
        }
    })?;
    let folder = inbox.parent().unwrap_or(Path::new("."));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok((watcher, receiver))
}
