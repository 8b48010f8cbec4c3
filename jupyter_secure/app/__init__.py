"""What a person does here, one module for each thing, in a package for each kind of thing."""
