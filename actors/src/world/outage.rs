//! What happens to audio nodes: they die, come back, lose sockets and sessions, and hang.

use std::rc::Rc;

use ostinato_machine::ids::NodeId;

use super::audio::{FakeAudio, OrderFault};
use crate::ports::AudioEvent;
use crate::station::sleep_ms;

impl FakeAudio {
    /// The next order to the node fails like this.
    pub fn fail_next(&self, node: &str, fault: OrderFault) {
        if let Some(node) = self.nodes.borrow_mut().get_mut(&NodeId::new(node)) {
            node.faults.push_back(fault);
        }
    }

    /// Takes back every fault that is still laid out for an order.
    pub fn heal(&self) {
        for node in self.nodes.borrow_mut().values_mut() {
            node.faults.clear();
        }
    }

    /// Closing a session never ends from now on, or does so again.
    pub fn hang_close(&self, hang: bool) {
        self.hangs.set(hang);
    }

    /// How long nodes take to answer a connection from now on, ms.
    pub fn slow_connect(&self, ms: u64) {
        self.connect_ms.set(ms);
    }

    /// Searches take so long from now on, ms.
    pub fn slow_search(&self, ms: u64) {
        self.search_ms.set(ms);
    }

    /// The node dies with its sessions and players.
    pub fn kill_node(&self, name: &str) {
        let id = NodeId::new(name);
        let sessions = match self.nodes.borrow_mut().get_mut(&id) {
            Some(node) => {
                node.up = false;
                std::mem::take(&mut node.sessions)
            }
            None => return,
        };
        for (shard, session) in sessions {
            for (guild, mut player) in session.players {
                player.settle((guild, &id), false, self.now_ms(), &mut self.sounds.borrow_mut());
            }
            let why = "the world killed it".to_owned();
            let (node, lost) = (id.clone(), true);
            self.say_to(&id, shard, AudioEvent::Down { node, lost, why });
        }
    }

    /// A dead node comes back, with nothing.
    pub fn start_node(&self, name: &str) {
        let id = NodeId::new(name);
        if let Some(node) = self.nodes.borrow_mut().get_mut(&id) {
            node.up = true;
        }
        for shard in self.listeners(&id) {
            self.connect(shard, &id, None);
        }
    }

    /// The socket of the node drops and is back after `ms`; sessions and players go on.
    pub fn blink_node(self: &Rc<Self>, name: &str, ms: u64) {
        self.drop_socket(name, ms, true);
    }

    /// The socket of the node drops and is back after `ms`; the node refuses to resume and begins new sessions.
    pub fn forget_sessions(self: &Rc<Self>, name: &str, ms: u64) {
        self.drop_socket(name, ms, false);
    }

    fn drop_socket(self: &Rc<Self>, name: &str, ms: u64, resumes: bool) {
        let id = NodeId::new(name);
        for shard in self.listeners(&id) {
            let session = self.with(&id, shard, |session| {
                session.heard = false;
                session.id.clone()
            });
            let (node, lost, why) = (id.clone(), false, "the world dropped it".to_owned());
            self.say_to(&id, shard, AudioEvent::Down { node, lost, why });
            let (here, id, session) = (Rc::clone(self), id.clone(), session.filter(|_| resumes));
            actix_rt::spawn(async move {
                sleep_ms(ms).await;
                here.connect(shard, &id, session.as_deref());
            });
        }
    }
}
