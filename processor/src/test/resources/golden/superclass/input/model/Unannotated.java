package model;

import base.Encoder;

abstract class Unannotated extends Encoder {}
