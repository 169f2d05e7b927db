"""Training guided by PVI: texts are rated, and a policy chooses, orders or weights them."""
