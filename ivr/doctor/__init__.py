"""The doctor: checks of a deployment. `local` needs no network; `network` asks our own address and the carrier."""
