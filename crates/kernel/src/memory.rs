//! What services keep in memory between calls: pools, connections. Never truth: it may be dropped at any time.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One value of each type.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Memory {
    pub(crate) fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.0.lock().expect("no panic while a value is looked up");
        let value = values.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default())).clone();
        value.downcast().expect("kept under its own type")
    }

    /// What is kept may hold on to the kernel, which holds this: they would keep each other for ever.
    pub(crate) fn forget(&self) {
        let values = std::mem::take(&mut *self.0.lock().expect("no panic while a value is looked up"));
        drop(values);
    }
}
