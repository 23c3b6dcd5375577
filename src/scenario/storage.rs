//! Files that a scenario writes and reads: in pods, in volumes, on servers and nodes.

use crate::backend::Location;
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::text::Text;
use crate::scenario::comparison::Comparison;
use crate::scenario::pattern;
use crate::scenario::perform::Said;
use crate::scenario::query::matching;
use crate::scenario::step::File;

impl File {
    /// Where the file is, in a word.
    pub(super) fn place(&self) -> Text {
        let places = [&self.pod, &self.volume, &self.nfs, &self.node];
        places.into_iter().find_map(Clone::clone).unwrap_or_default()
    }

    /// The place, where it is no pod.
    fn location(&self, cluster: &Cluster) -> Result<Location, String> {
        if let Some((server, path)) = self.nfs.as_ref().and_then(|nfs| nfs.split_once(':')) {
            return Ok(Location::nfs(server, path));
        }
        if let Some(node) = &self.node {
            return Ok(Location::on_node(node, "/"));
        }
        let volume = self.volume.clone().unwrap_or_default();
        cluster.location(&volume).ok_or_else(|| format!("there is no volume {volume} with files"))
    }
}

/// The pods that a name stands for; the name itself where there are none.
fn pods(cluster: &Cluster, name: &Text) -> Vec<String> {
    let found = matching(cluster, &Kind::Pod.named(name.as_str()));
    if found.is_empty() { vec![name.to_string()] } else { found.iter().map(|key| key.key.to_string()).collect() }
}

/// Writes a file; of several pods into the first.
pub(super) fn write(cluster: &mut Cluster, file: &File) -> Said {
    let text = file.text.clone().unwrap_or_default();
    if let Some(pod) = file.pod.as_ref().and_then(|name| pods(cluster, name).into_iter().next()) {
        let written = cluster.write_in_pod(&pod, file.container.as_deref(), &file.path, text);
        return written.map(|()| Vec::new()).map_err(|error| error.to_string());
    }
    let location = file.location(cluster)?;
    cluster.write_file(&location, &file.path, text).map(|()| Vec::new()).map_err(|error| error.to_string())
}

/// Holds the text that is expected against the one that there is; of several pods against that of each.
pub(super) fn check(cluster: &Cluster, expected: &File) -> Option<Comparison> {
    let Some(name) = &expected.pod else {
        return compare(expected, &expected.place(), read(cluster, expected));
    };
    pods(cluster, name).into_iter().find_map(|pod| {
        let found = cluster.read_in_pod(&pod, expected.container.as_deref(), &expected.path);
        compare(expected, &pod, found.map(|text| text.to_string()).map_err(|error| error.to_string()))
    })
}

fn compare(expected: &File, place: &str, found: Result<String, String>) -> Option<Comparison> {
    let holds = match (&expected.text, &found) {
        (Some(expected), Ok(found)) => expected.trim_end() == found.trim_end(),
        (None, Err(_)) => true,
        (Some(_), Err(_)) | (None, Ok(_)) => false,
    };
    if holds {
        return None;
    }
    let mut page = Comparison::new(format!("{place}:{}", expected.path));
    let left = expected.text.clone().unwrap_or_else(|| "(no such file)".into());
    let right = found.unwrap_or_else(|why| format!("({why})"));
    page.lines(left.lines(), right.lines(), 0);
    Some(page)
}

/// Reads a file from where it is stored.
fn read(cluster: &Cluster, file: &File) -> Result<String, String> {
    let location = file.location(cluster)?;
    let path = file.path.trim_start_matches('/');
    let files = cluster.contents().list(&location);
    let found = files.iter().find(|(known, _)| pattern::matches(path, known.trim_start_matches('/')));
    let missing = || {
        let others: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        format!("no such file; there is {others}")
    };
    found.map(|(_, text)| text.to_string()).ok_or_else(missing)
}
