"""Make an ordinary differentiable JAX function of a program."""

from compute.exact.derivative.form import derivative_form

__all__ = ["derivative_form"]
