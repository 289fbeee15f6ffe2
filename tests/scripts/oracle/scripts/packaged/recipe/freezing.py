"""Freezing."""


def freeze(model, options):
    model.requires_grad_(False)
    if options.train_head:
        model.lm_head.requires_grad_(True)
    if options.train_norms:
        unfreeze_by_name(model, ["norm"])
    return model


def unfreeze_by_name(model, names):
    for name, parameter in model.named_parameters():
        if any(each in name for each in names):
            parameter.requires_grad = True
