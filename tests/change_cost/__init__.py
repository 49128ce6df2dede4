"""What a change costs on each side: ten changes as patches, applied to a copy, proved with the contract and counted."""
