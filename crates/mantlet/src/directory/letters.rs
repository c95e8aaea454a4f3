//! Letters to people, carried while a server runs.

use std::sync::Arc;

use mantlet_config::Sources;
use mantlet_event::{Event, Events, Metrics, catalogue, field, task};
use mantlet_identity::account::AccountName;
use mantlet_identity::directory::Directory;
use mantlet_mail::{MailQueue, MailSection};
use tokio::sync::mpsc;

/// Begins to carry letters, and to answer those who forgot their password; where no mail server is named,
/// neither.
pub(super) fn serve(
    directory: &Arc<Directory>,
    mail: &MailSection,
    sources: &Sources,
    (events, metrics): (&Events, &Metrics),
) -> Result<(), String> {
    let password = mail.secret(sources).map_err(|error| error.to_string())?;
    let queue = MailQueue::start(mail, password.as_ref(), (events, metrics));
    let Some(queue) = queue.map_err(|error| format!("`[mail]`: {error}"))? else { return Ok(()) };
    directory.password_links.set_post(Arc::new(queue));
    if let Some(asked) = directory.password_links.requests().listen() {
        let answering = answer(Arc::clone(directory), asked, events.clone());
        task::spawn(events, "requests for links", answering);
    }
    Ok(())
}

async fn answer(directory: Arc<Directory>, mut asked: mpsc::Receiver<AccountName>, events: Events) {
    while let Some(name) = asked.recv().await {
        match directory.answer_request(&name).await {
            Ok(Some(user)) => events.emit(
                Event::new(&catalogue::IDENTITY_LINK_ISSUED)
                    .text(field::USER, user.as_str().to_owned())
                    .text(field::MESSAGE, "asked for on the sign-in page"),
            ),
            Ok(None) => {}
            Err(error) => {
                let event = Event::new(&catalogue::IDENTITY_STORE_FAILED);
                events.emit(event.text(field::ERROR, error.to_string()));
            }
        }
    }
}
