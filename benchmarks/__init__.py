"""Programs that measure speed and size. Each builds its data and prints sizes, machine, command and results."""
