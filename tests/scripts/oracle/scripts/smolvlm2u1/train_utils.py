"""Freezing, in a file of its own."""


def set_trainable(module, trainable):
    for parameter in module.parameters():
        parameter.requires_grad = trainable


def freeze_everything(model):
    model.requires_grad_(False)
    return model
